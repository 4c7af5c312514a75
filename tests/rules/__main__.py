"""`make rules`: the rule book with the tests that prove it; `make rules RULE=R24`: one rule's tests by name."""

import signal
import sys

from tests.rules.book import BOOK, RULES, chapter, proofs, table


def main(asked: list[str]) -> int:
    """Prints what was asked for; 1 if a rule has no test, 2 if there is no such rule."""
    found = proofs()
    rules = [one.upper() for one in asked]
    if unknown := RULES.unknown(rules):
        print(unknown)
        return 2
    lines = [line for one in rules for line in chapter(one, found[one])] or table(found)
    print("\n".join(lines))
    bare = [rule for rule in rules or BOOK if not found[rule]]
    if bare:
        print(f"\nNo test proves {', '.join(bare)}.")
    elif not rules:
        print(f"\n{len(BOOK)} rules, {len({one for tests in found.values() for one in tests})} tests.")
    return 1 if bare else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # What a pager does not want is not printed.
    sys.exit(main(sys.argv[1:]))
