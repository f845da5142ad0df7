"""How `twinsieve` ends, for scripts."""

UNSUCCESSFUL = 1
MISTAKE = 2
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it

EPILOG = (
    f"Exit codes: 0 done; {UNSUCCESSFUL} the search ended otherwise than succeeded, nothing usable was found, or you "
    f"declined; {MISTAKE} a mistake that you can correct, said in one line; {INTERRUPTED} interrupted with Ctrl-C. "
    "With --json, what is printed is data; --install-completion completes commands, options and ids in your shell."
)
