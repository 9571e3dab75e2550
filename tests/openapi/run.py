#!/usr/bin/env python3
"""Checks the OpenAPI document that a node serves against the node itself, with schemathesis.

    TIDINGS_BIN=target/release/tidings tests/openapi/run.py [--examples N] [more arguments for schemathesis]

Makes its own Python environment in target/openapi-venv, starts the program on a fresh folder, and ends with what schemathesis says."""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENT = ROOT / "target" / "openapi-venv"
BINARY = os.environ.get("TIDINGS_BIN", str(ROOT / "target" / "debug" / "tidings"))
START_SECONDS = 30
#: What is not an API error by our own choice. 400 is a good answer to what no schema can say: a time that has passed, a URL that is none.
EXPECTED = ["2XX", "400", "401", "403", "404", "409", "412", "413", "416", "426", "507"]
#: What refuses: schemathesis' own list, and 412, since hooks.py gives a request the `If-Match` that it was generated without, and the
#: value of that may then be all that is wrong.
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428", "429", "5XX"]


def environment():
    """The interpreter of an environment with what requirements.txt names."""
    python, wanted = ENVIRONMENT / "bin" / "python", (HERE / "requirements.txt").read_text()
    done = ENVIRONMENT / "requirements.txt"
    if not done.exists() or done.read_text() != wanted:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt"]
        subprocess.run(install, check=True)
        done.write_text(wanted)
    return python


def start(folder):
    """A node that lets anybody in and counts nothing, and where it listens."""
    limits = [word for name in ("address", "key", "guesses") for kind in ("burst", "per-second")
              for word in (f"--rate-{name}-{kind}", "1000000")]
    command = [BINARY, "serve", "--data-dir", folder, "--listen", "127.0.0.1:0", "--open-registration", *limits]
    node = subprocess.Popen(command, cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder}, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    timer = threading.Timer(START_SECONDS, node.kill)
    timer.start()
    said = []
    for line in node.stdout:
        said.append(line)
        found = re.search(r"listening on (http://127\.0\.0\.1:\d+)", line)
        if found:
            timer.cancel()
            # Nobody reads the rest; it must not fill the pipe.
            threading.Thread(target=lambda: [said.append(line) for line in node.stdout], daemon=True).start()
            return node, found.group(1), said
    raise SystemExit(f"{BINARY} did not start:\n{''.join(said)}")


def check(python, origin, arguments, more):
    settings = pathlib.Path(tempfile.mkdtemp()) / "schemathesis.toml"
    expected = ", ".join(f'"{status}"' for status in EXPECTED)
    refused = ", ".join(f'"{status}"' for status in REFUSED)
    settings.write_text(
        f"[checks.positive_data_acceptance]\nexpected-statuses = [{expected}]\n"
        f"[checks.negative_data_rejection]\nexpected-statuses = [{refused}]\n"
    )
    command = [
        python, "-m", "schemathesis.cli", "--config-file", settings, "run", f"{origin}/v1/openapi.json", "--url", origin,
        "--max-examples", str(arguments.examples), "--phases", "examples,coverage,fuzzing", "--continue-on-failure",
        "--request-timeout", "30", "--suppress-health-check", "all", "--warnings", "off",
        # A WebSocket is no request that can be made up; what it answers to others is in the door's own tests.
        "--exclude-path", "/v1/live", *more,
    ]
    variables = {**os.environ, "TIDINGS_ORIGIN": origin, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    return subprocess.run(command, env=variables, cwd=HERE).returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=20, help="requests of each kind that are made up")
    arguments, more = parser.parse_known_args()
    python = environment()
    with tempfile.TemporaryDirectory(prefix="tidings-openapi-") as folder:
        node, origin, said = start(folder)
        try:
            code = check(python, origin, arguments, more)
            alive = node.poll() is None
        finally:
            node.terminate()
            node.wait(30)
        if not alive or any("panicked" in line for line in said):
            raise SystemExit(f"the node did not bear it:\n{''.join(said[-40:])}")
    sys.exit(code)


if __name__ == "__main__":
    main()
