"""Reading files in other processes, which a hostile file may bring down."""
