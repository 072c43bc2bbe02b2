"""How a backend is built: layers and who may import whom, cycles, classes with one task, what is handed in and what is made on the spot."""
