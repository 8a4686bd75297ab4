"""The service that runs a board: accounts, uploads, a queue, a worker that scores, and the address it answers at."""
