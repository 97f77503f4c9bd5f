"""The service's settings as other environment variables would make them."""

import os
from collections.abc import Mapping
from unittest.mock import patch

from pydantic import SecretStr

from notifier.environment import Environment, read_environment


def environment_of(variables: Mapping[str, str]) -> Environment:
    """What is read where these, and no others, are set."""
    with patch.dict(os.environ, variables, clear=True):
        return read_environment()


def changed(environment: Environment, **variables: object) -> Environment:
    """The same with other values, which nobody checks."""
    values = {
        name: SecretStr(str(value)) if isinstance(getattr(environment, name), SecretStr) else value
        for name, value in variables.items()
    }
    return environment.model_copy(update=values)
