"""How Chromium is started by benchmarks and tests: without a sandbox, and asking nothing of anybody."""

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
