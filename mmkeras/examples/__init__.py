"""The bundled examples: a module a table, which it makes where one stands, and the flags that each is trained with."""
