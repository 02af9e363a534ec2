"""What tests of several rooms share.

Servers: `local_server` (aiosmtpd), `scripted_server` (says what the test wants), `faulty_server` (breaks at a
byte, and keeps account), `remembering_servers`, `cutting_proxy`, `dead_addresses`; which server plays which
scenario: `server_scenarios`. Callers: `recorded_session`, `smtp_by_hand`, `queued_source`, `aiosmtplib_programs`.
Clocks: `leaping_clock`, `paired_timings`. Journals and runs: `journals`, `journal_of_version_2.sql` and the
`old_campaigns` behind it, `journal_of_version_4.sql` and `_5`, `offline_runs`, `sample_runs`. Notebooks:
`kernels`, `jupyter_browser`, `captured_displays`, `accessibility`. Letters: `hostile_rows`,
`public_letters.mjs`, `letter_screenshots`. Secrets: `traceback_variables`. Frames that nothing is wrong with:
`good_rows`.
"""
