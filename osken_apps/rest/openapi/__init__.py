"""The OpenAPI document, made of the declarations that validate and render."""
