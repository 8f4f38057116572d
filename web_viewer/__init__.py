"""The radiologist's pages and the HTTP interfaces behind them."""
