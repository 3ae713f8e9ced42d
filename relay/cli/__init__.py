"""`veladora`: one command for the person who reports, the NGO that reads and the operator of a relay."""


def main() -> None:
    """The console command."""
    from relay.cli.app import app

    app()
