"""The judge: runs scenarios and generated tests against any host, and reports where it departs from the contract."""
