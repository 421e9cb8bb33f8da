#!/usr/bin/env python3
"""Makes credential_chain.json: which credentials botocore finds in a world, and how it reads config files and
command lines.

    python3 -m pip install 'botocore==1.43.11' && python3 make_credential_chain.py > credential_chain.json

botocore itself looks for the credentials; only what lies outside of it is played: the home directory is a temporary
one, and STS, SSO, the container's agent, the instance's metadata and credential_process give keys that are named after
what was asked. Everything is seeded, so that the file is the same every time.

worlds: every combination of FEATURES, chains of roles, and profiles that are missing, each with the access key that is
found and with who signed which AssumeRole; or "error". "config" is an index into "texts". Not in it: login_session,
which is refused here.
"""
import json
import os
import random
import shlex
import shutil
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from unittest import mock

import botocore.configloader
import botocore.credentials
import botocore.session
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher

SEED = 20270115
ROLE = "arn:aws:iam::123456789012:role/"
END = (datetime.now(timezone.utc) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
TOKEN = json.dumps({"accessToken": "bearer", "expiresAt": END, "startUrl": "https://s", "region": "eu-west-1"})
SSO = "sso_account_id = 123456789012\nsso_role_name = r\nsso_region = eu-west-1\nsso_start_url = https://s\n"
# What a world may have: the name, and where it stands. %h: the home directory.
FEATURES = {
    "environment": {"environment": {"AWS_ACCESS_KEY_ID": "ENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "s"}},
    "role": {"config": "role_arn = %sOfProfile\nsource_profile = source\n" % ROLE},
    "webEnvironment": {
        "environment": {"AWS_WEB_IDENTITY_TOKEN_FILE": "%h/token", "AWS_ROLE_ARN": ROLE + "OfEnvironment"}},
    "webProfile": {"config": "web_identity_token_file = %h/token\n"},
    "sso": {"config": SSO},
    "credentialsKeys": {"credentials": "aws_access_key_id = CREDENTIALS\naws_secret_access_key = s\n"},
    "process": {"config": "credential_process = give --it\n"},
    "configKeys": {"config": "aws_access_key_id = CONFIG\naws_secret_access_key = s\n"},
    "container": {"environment": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"}},
}
SOURCE = "[profile source]\naws_access_key_id = SOURCE\naws_secret_access_key = s\n"

# Chains of profiles, each with what its config file holds; "p" is looked up.
ROLES = {
    "self": "[profile p]\nrole_arn = %sA\nsource_profile = p\naws_access_key_id = P\naws_secret_access_key = s\n",
    "selfWithoutKeys": "[profile p]\nrole_arn = %sA\nsource_profile = p\n",
    "two": "[profile p]\nrole_arn = %sA\nsource_profile = q\nexternal_id = id\nduration_seconds = 900\n"
           "[profile q]\nrole_arn = %sB\nsource_profile = source\nrole_session_name = named\n",
    "three": "[profile p]\nrole_arn = %sA\nsource_profile = q\n[profile q]\nrole_arn = %sB\nsource_profile = r\n"
             "[profile r]\nrole_arn = %sC\nsource_profile = source\n",
    "loop": "[profile p]\nrole_arn = %sA\nsource_profile = q\n[profile q]\nrole_arn = %sB\nsource_profile = p\n",
    "loopWithKeys": "[profile p]\nrole_arn = %sA\nsource_profile = q\n"
                    "aws_access_key_id = P\naws_secret_access_key = s\n"
                    "[profile q]\nrole_arn = %sB\nsource_profile = p\n",
    "loopBehind": "[profile p]\nrole_arn = %sA\nsource_profile = q\n[profile q]\nrole_arn = %sB\nsource_profile = q\n",
    "selfBehindWithKeys": "[profile p]\nrole_arn = %sA\nsource_profile = q\n"
                          "[profile q]\nrole_arn = %sB\nsource_profile = q\n"
                          "aws_access_key_id = Q\naws_secret_access_key = s\n",
    "keysBeforeRole": "[profile p]\nrole_arn = %sA\nsource_profile = q\n"
                      "[profile q]\nrole_arn = %sB\nsource_profile = source\n"
                      "aws_access_key_id = Q\naws_secret_access_key = s\n",
    "nowhere": "[profile p]\nrole_arn = %sA\nsource_profile = nowhere\n",
    "nothing": "[profile p]\nrole_arn = %sA\n",
    "both": "[profile p]\nrole_arn = %sA\nsource_profile = source\ncredential_source = Environment\n",
    "emptySource": "[profile p]\nrole_arn = %sA\nsource_profile = q\n[profile q]\nregion = x\n",
    "sourceProcess": "[profile p]\nrole_arn = %sA\nsource_profile = q\n[profile q]\ncredential_process = give\n",
    "sourceSSO": "[profile p]\nrole_arn = %sA\nsource_profile = q\n[profile q]\n" + SSO,
    "sourceWeb": "[profile p]\nrole_arn = %sA\nsource_profile = q\n"
                 "[profile q]\nrole_arn = %sB\nweb_identity_token_file = %%h/token\n",
    "webBeforeSource": "[profile p]\nrole_arn = %sA\nsource_profile = source\nweb_identity_token_file = %%h/token\n",
    "environment": "[profile p]\nrole_arn = %sA\ncredential_source = Environment\n",
    "container": "[profile p]\nrole_arn = %sA\ncredential_source = EcsContainer\n",
    "instance": "[profile p]\nrole_arn = %sA\ncredential_source = Ec2InstanceMetadata\n",
    "unknownSource": "[profile p]\nrole_arn = %sA\ncredential_source = ec2instancemetadata\n",
    "half": "[profile p]\naws_access_key_id = P\n",
    "ssoHalf": "[profile p]\nsso_role_name = r\nsso_region = eu-west-1\n",
    "ssoSessionAlone": "[profile p]\nsso_session = s\naws_access_key_id = P\naws_secret_access_key = s\n"
                       "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://s\n",
    "ssoSession": "[profile p]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
                  "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://s\n",
    "ssoSessionDiffers": "[profile p]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\nsso_region = eu-west-2\n"
                         "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://s\n",
    "ssoSessionNowhere": "[profile p]\nsso_session = t\nsso_account_id = 1\nsso_role_name = r\n"
                         "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://s\n",
    "webWithoutRole": "[profile p]\nweb_identity_token_file = %%h/token\n",
}


class Client:
    """STS and SSO: keys named after what was asked, and a log of who asked."""

    def __init__(self, log, service, **arguments):
        self.log = log
        self.signer = arguments.get("aws_access_key_id")

    class exceptions:
        class UnauthorizedException(Exception):
            pass

    def session(self, kind, role_arn, **arguments):
        name = role_arn.split("/")[-1]
        session_name = arguments.get("RoleSessionName", "")
        step = {
            "kind": kind, "role": name, "signer": self.signer if kind == "role" else None,
            "externalID": arguments.get("ExternalId"), "duration": arguments.get("DurationSeconds"),
            "sessionName": None if session_name.startswith("botocore-session-") else session_name,
        }
        self.log.append({name: value for name, value in step.items() if value is not None})
        return {
            "Credentials": {
                "AccessKeyId": "ASIA" + name, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": END},
            "AssumedRoleUser": {"AssumedRoleId": "x", "Arn": "arn:aws:sts::123456789012:assumed-role/%s/x" % name},
        }

    def assume_role(self, RoleArn, **arguments):
        return self.session("role", RoleArn, **arguments)

    def assume_role_with_web_identity(self, RoleArn, **arguments):
        return self.session("web", RoleArn, **arguments)

    def get_role_credentials(self, **_):
        end = int((datetime.now(timezone.utc) + timedelta(hours=6)).timestamp() * 1000)
        return {
            "roleCredentials": {"accessKeyId": "SSO", "secretAccessKey": "s", "sessionToken": "t", "expiration": end}}


class Program:
    returncode = 0

    def __init__(self, *_, **__):
        pass

    def communicate(self):
        return json.dumps({"Version": 1, "AccessKeyId": "PROCESS", "SecretAccessKey": "s"}).encode(), b""


def find(config, credentials, environment, profile, home):
    """What botocore finds: the access key and the log of roles, or an error."""
    shutil.rmtree(home, ignore_errors=True)
    cache = os.path.join(home, ".aws", "sso", "cache")
    os.makedirs(cache)
    for path, text in [("token", "t.o.k.e.n"), (".aws/config", config), (".aws/credentials", credentials)]:
        if text is not None:
            with open(os.path.join(home, path), "w") as file:
                file.write(text.replace("%h", home))
    for name in ("https://s", "s"):
        with open(
                os.path.join(cache, botocore.utils.SSOTokenLoader()._generate_cache_key(name, None) + ".json"),
                "w") as file:
            file.write(TOKEN)
    variables = {name: value.replace("%h", home) for name, value in environment.items()}
    variables["HOME"] = home
    log = []
    keys = {"access_key": None, "secret_key": "s", "token": "t", "expiry_time": END}
    with mock.patch.dict(os.environ, variables, clear=True), \
            mock.patch("subprocess.Popen", Program), \
            mock.patch.object(botocore.credentials.ProcessProvider.__init__, "__defaults__", (Program,)), \
            mock.patch.object(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", cache), \
            mock.patch.object(botocore.tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", cache), \
            mock.patch.object(InstanceMetadataFetcher, "retrieve_iam_role_credentials",
                              lambda _: dict(keys, access_key="INSTANCE", role_name="node")), \
            mock.patch.object(ContainerMetadataFetcher, "retrieve_full_uri", lambda *_, **__: {
                "AccessKeyId": "CONTAINER", "SecretAccessKey": "s", "Token": "t", "Expiration": END}), \
            mock.patch.object(botocore.session.Session, "create_client",
                              lambda _, service, **arguments: Client(log, service, **arguments)):
        try:
            session = botocore.session.Session(profile=profile)
            session.get_scoped_config()
            found = session.get_credentials()
            return {"id": found.get_frozen_credentials().access_key, "log": log}
        except Exception as error:
            return {"error": type(error).__name__}


def worlds(home):
    for number in range(1 << len(FEATURES)):
        names = [name for bit, name in enumerate(FEATURES) if number >> bit & 1]
        environment = {}
        texts = {"config": "", "credentials": ""}
        for name in names:
            for place, what in FEATURES[name].items():
                if place == "environment":
                    environment.update(what)
                else:
                    texts[place] += what
        # The role of a web identity in the profile, which a role with a source would be otherwise.
        if "webProfile" in names and "role" not in names:
            texts["config"] += "role_arn = %sOfProfile\n" % ROLE
        config = "[profile p]\nregion = eu-west-1\n" + texts["config"] + SOURCE
        credentials = "[p]\n" + texts["credentials"] if texts["credentials"] else None
        for how in ("explicit", "variable"):
            variables = dict(environment, **({"AWS_PROFILE": "p"} if how == "variable" else {}))
            yield {"config": config, "credentials": credentials, "environment": variables,
                   "profile": "p" if how == "explicit" else None,
                   **find(config, credentials, variables, "p" if how == "explicit" else None, home)}
    for name, template in ROLES.items():
        config = template.replace("%s", ROLE).replace("%%", "%") + SOURCE
        for environment in ({}, FEATURES["environment"]["environment"], FEATURES["container"]["environment"]):
            yield {"config": config, "credentials": None, "environment": environment, "profile": "p",
                   **find(config, None, environment, "p", home)}
    for config in (None, "[default]\nregion = x\n", "[other]\nregion = x\n"):
        for profile in (None, "q", "default"):
            for environment in ({}, FEATURES["environment"]["environment"], FEATURES["webEnvironment"]["environment"],
                                FEATURES["container"]["environment"]):
                yield {"config": config, "credentials": None, "environment": environment, "profile": profile,
                       **find(config, None, environment, profile, home)}


def config_text(rng):
    lines = []
    sections = ["default", "profile default", "profile a", "profile  b", 'profile "c d"', "profile 'e'", "profile f/g",
                "bare", "sso-session s", "services x", "preview", "plugins"]
    rng.shuffle(sections)
    for section in sections[:rng.randint(1, 6)]:
        # [default] and [profile default] together are botocore's last one wins, and the SDK guide's the prefixed one.
        if section.endswith("default") and any("default" in line for line in lines):
            continue
        lines.append("[%s]" % section)
        for number in range(rng.randint(0, 5)):
            name = rng.choice(
                ["region", "Output", "AWS_ACCESS_KEY_ID", "credential_process", "x-y", "s3", "sts"]) + str(number)
            value = rng.choice(
                ["", "v", "a b", "a=b", "a#b", "a;b", "'q'", '"q"', "日本", "/p --x=\"y z\"", "[v]", "%(x)s", "a\\b"])
            lines.append(name + rng.choice(["=", " = ", "  =\t", "= "]) + value + rng.choice(["", " ", "\t"]))
            if rng.random() < 0.3:
                for nested in range(rng.randint(1, 2)):
                    lines.append(rng.choice(["  ", "\t", "    "]) + "n%d = %s" % (nested, rng.choice(["1", "a b", "http://x"])))
        lines.append(rng.choice(["", "# comment", "; comment", "", "   "]))
    return "\n".join(lines) + rng.choice(["", "\n"])


def configs(rng, home):
    path = os.path.join(home, "config")
    while True:
        text = config_text(rng)
        with open(path, "w", newline="") as file:
            file.write(text)
        parsed = botocore.configloader.load_config(path)
        yield {"text": text, "profiles": parsed["profiles"], "ssoSessions": parsed["sso_sessions"],
               "services": parsed["services"]}


def command_lines(rng):
    for _ in range(400):
        line = "".join(rng.choices(
            ["a", "b", " ", "\t", "'", '"', "\\", "\n", "$", "日", "=", "#"], k=rng.randint(0, 14)))
        try:
            yield {"line": line, "words": shlex.split(line)}
        except ValueError:
            yield {"line": line, "words": None}


def hosts():
    fetcher = ContainerMetadataFetcher()
    for url in ["http://localhost/x", "http://127.0.0.1/x", "http://127.0.0.2:8080/x", "http://[::1]/x", "http://169.254.170.2/x",
                "http://169.254.170.23/x", "http://[fd00:ec2::23]/x", "https://example.org/x", "http://example.org/x",
                "http://169.254.169.254/x", "http://169.254.170.3/x", "http://10.0.0.1/x", "http://[fd00:ec2::24]/x",
                "http://127.0.0.1.example.org/x", "http://127.0.0.1@example.org/x", "http://192.168.0.1/x", "http://0.0.0.0/x"]:
        try:
            fetcher._validate_allowed_url(url)
            yield {"url": url, "allowed": True}
        except ValueError:
            yield {"url": url, "allowed": False}


def main():
    home = tempfile.mkdtemp()
    try:
        rng = random.Random(SEED)
        made = list(worlds(home))
        texts = configs(rng, home)
        texts_of_worlds = list(dict.fromkeys(world["config"] for world in made))
        for world in made:
            world["config"] = texts_of_worlds.index(world["config"])
        golden = {
            "texts": texts_of_worlds, "worlds": made, "configs": [next(texts) for _ in range(150)],
            "commandLines": list(command_lines(rng)), "hosts": list(hosts()),
        }
        json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
        print()
    finally:
        shutil.rmtree(home)


main()
