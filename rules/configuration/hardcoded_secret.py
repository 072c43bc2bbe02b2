from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.secrets_in_code import Secret, secrets_in_code


class HardcodedSecret(ProjectRule):
    """A password, key or token stands in the code.

    ## What it does

    Reports strings in the form of a provider's key (AWS, GitHub, GitLab, Slack, Stripe, SendGrid, npm, PyPI, Hugging Face, OpenAI, private keys in PEM), and
    strings that look random under a name that says secret: `api_key`, `password`, `client_secret`, `access_token`; as a value, a keyword argument, an item of a
    mapping, the default of a parameter or of an environment variable. The value itself is shown in no report.

    ## Why is this bad

    Whoever reads the repository, a clone of it or one of its images calls the other service in your name. Nobody can tell later who did, and to change the key
    a release is needed.

    ## Example

    ```python
    import requests

    WEATHER_API_KEY = "9fQ2xK7vLm0ZpT4cRb8W"


    def forecast(city: str) -> dict:
        response = requests.get("https://weather.example/v1", params={"q": city, "key": WEATHER_API_KEY}, timeout=5)
        response.raise_for_status()
        return response.json()
    ```

    ## Use instead

    ```python
    import os

    import requests

    WEATHER_API_KEY = os.environ["WEATHER_API_KEY"]


    def forecast(city: str) -> dict:
        response = requests.get("https://weather.example/v1", params={"q": city, "key": WEATHER_API_KEY}, timeout=5)
        response.raise_for_status()
        return response.json()
    ```

    A key that has been committed is known: have a new one issued.

    ## When this is wrong

    Where the value is meant to be public, or opens nothing. Placeholders, names of public and publishable keys, salts, words and addresses are left alone, and
    so are tests and files for development. Keys that sign sessions are the matter of `hardcoded-signing-key`.
    What is the default of a setting is reported by the profile `strict` only.

    ## References

    - [The twelve-factor app: config](https://12factor.net/config)
    - [CWE-798](https://cwe.mitre.org/data/definitions/798.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("security", "owasp-api:8", "cwe:798")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in secrets_in_code(project):
            if found.is_default and not self.shows(Profile.STRICT):
                continue
            symbol = found.module.functions[found.function].name if found.function else ""
            yield self.finding(found.module.path, Place.at(found.line, found.column), _message(found), symbol=symbol)


def _message(found: Secret) -> str:
    what = f"`{found.name[:60]}` is {found.kind or 'a secret'} that" if found.name else found.kind
    if found.is_default:
        return f"{what} is taken where the configuration names none, and everybody can read it: have no default, so that each installation sets its own"
    return f"{what} stands in the code, whoever reads it acts in your name: take it from the environment, and have a new one issued"
