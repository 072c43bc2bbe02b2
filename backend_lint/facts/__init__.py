"""The shared vocabulary: frozen, serialisable structs without logic. Readers write them, the linked model reads them."""
