"""The rules of decision 0005 once more, as a table: every row is a key, a URL, where each came from, and what must happen.

Written from the decision alone, so that it can disagree with the program. `python3 tests/e2e/origin_rules.py` prints the table; origin_rules.tsv is
the reviewed copy, and the scenario origin/… runs every row through the real program.
"""

import itertools
import sys

PLACES = ["flag", "environment", "project", "home", "config", "stored"]
HOSTS = ["loopback", "known", "other"]
COLUMNS = ["key", "url", "host", "terminal", "grant", "strict", "sent_to", "with_key", "exit", "asked", "announced"]


def questions():
    """Every combination that differs; strictness is about well-known hosts, so it is varied there alone."""
    urls = [(place, host) for place in PLACES if place != "stored" for host in HOSTS] + [("none", "default")]
    for key, (url, host), terminal, grant in itertools.product(PLACES, urls, ("no", "yes"), ("no", "yes")):
        for strict in ("no", "yes") if host == "known" else ("no",):
            yield key, url, host, terminal, grant, strict


def answer(key, url, host, terminal, grant, strict):
    # One .env is read: the project's hides the home's.
    read = "project" if "project" in (key, url) else "home"
    has_key = key != "home" or read == "home"
    has_url = url != "home" or read == "home"
    server = host if has_url else "default"
    if not has_key:
        return sent(server, "no", "no")
    if server == "default":
        return sent(server, "yes", "no")  # rule 1: the provider's own
    if url != "project" or key == "project":
        return sent(server, "yes", "no")  # rules 2 and 3: the same file, or a place no weaker than the key's
    if host == "known" and strict == "no":
        return sent(server, "yes", "yes")  # rule 4: a vendor's host, announced
    if grant == "yes":
        return sent(server, "yes", "no")  # rule 5: this key was granted to this server
    return "nobody", "no", "3", terminal, "no"


def sent(server, with_key, announced):
    """A server on this machine accepts the key; the others refuse every key. Without a key only a server on this machine is asked at all."""
    if with_key == "no" and server != "loopback":
        return "nobody", "no", "4", "no", "no"
    return server, with_key, "0" if server == "loopback" and with_key == "yes" else "4", "no", announced


def table():
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join([*question, *answer(*question)]) for question in questions()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
