"""What all tests share."""

# An in-process run of pytester restores sys.modules: without this, each would load its own trio.
import trio  # noqa: F401

pytest_plugins = ["pytester"]
