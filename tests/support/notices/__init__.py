"""Messages that come back, rebuilt from specifications and public suites with addresses of ours."""

from .complaints import SAMPLES as COMPLAINTS
from .forms import Sample
from .machines import SAMPLES as MACHINES
from .people import SAMPLES as PEOPLE
from .plain_reports import SAMPLES as PLAIN_REPORTS
from .standard_reports import SAMPLES as STANDARD_REPORTS

SAMPLES = (*STANDARD_REPORTS, *PLAIN_REPORTS, *COMPLAINTS, *MACHINES, *PEOPLE)

__all__ = ["COMPLAINTS", "MACHINES", "PEOPLE", "PLAIN_REPORTS", "SAMPLES", "STANDARD_REPORTS", "Sample"]
