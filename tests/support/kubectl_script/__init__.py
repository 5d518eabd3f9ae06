"""The recorded script of kubectl invocations and what it takes to compare two clusters' answers."""
