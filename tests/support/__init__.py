"""What tests share: servers to talk to, clocks, journals, browsers, and samples to look at."""
