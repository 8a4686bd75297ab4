"""The commands of docs/results.md run (docs_pages.py says how), also the one that needs PostgreSQL."""

from docs_pages import NOT_RUN, RESULTS, run_page, shell, toy
from service_postgres import cluster

POSTGRESQL = "postgresql://board@/postgres"


def test_every_command_of_the_page_runs(tmp_path):
    run_page(RESULTS, tmp_path)


def test_the_service_is_timed_on_postgresql(tmp_path):
    (command,) = (line for line in NOT_RUN if POSTGRESQL in line)
    with cluster() as url:
        shell(toy(command).replace(POSTGRESQL, f"'{url}'"), tmp_path)
