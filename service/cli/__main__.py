"""`python -m service.cli`: how a dispatcher starts its drivers."""

from service.cli.app import main

main()
