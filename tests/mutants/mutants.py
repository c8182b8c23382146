"""All deviating hosts, one deviation each."""

from __future__ import annotations

from tests.mutants.directory import DIRECTORY_MUTANTS
from tests.mutants.export import EXPORT_MUTANTS
from tests.mutants.mce import MCE
from tests.mutants.personnel import PERSONNEL
from tests.mutants.sso import SSO
from tests.mutants.stream import STREAM_MUTANTS

MUTANTS = (*PERSONNEL, *MCE, *STREAM_MUTANTS, *SSO, *EXPORT_MUTANTS, *DIRECTORY_MUTANTS)
