"""Prints API_USER and a checksum of API_PASSWORD, then watches that neither ever changes.

The checksum lets you see that the password is the same at every start without anybody seeing the password.
"""

import hashlib
import os
import signal
import sys
import threading

INTERVAL_SECONDS = 10

stopped = threading.Event()


def stop(signum, frame):
    """As process 1 of a container, Python would ignore SIGTERM: it has to be asked for."""
    stopped.set()


def read(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set: was this program started through its policy?")
    return value


def checksum(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def say(text):
    print(text, flush=True)


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    user = read("API_USER")
    password_checksum = checksum(read("API_PASSWORD"))
    say(f"Hello, {user}! The checksum of your password is {password_checksum}.")
    while not stopped.wait(INTERVAL_SECONDS):
        if read("API_USER") != user or checksum(read("API_PASSWORD")) != password_checksum:
            sys.exit("API_USER or API_PASSWORD has changed while the program ran")
        say(f"Still {user}, still the checksum {password_checksum}.")
    say("Asked to stop. Goodbye!")


main()
