"""What a type expects, in the words of an error message."""

from msgspec import inspect


def alternatives(node: inspect.Type) -> tuple[inspect.Type, ...]:
    """The types that a value may have, without their descriptions and without null."""
    if isinstance(node, inspect.Metadata):
        return alternatives(node.type)
    if isinstance(node, inspect.UnionType):
        return tuple(one for inner in node.types for one in alternatives(inner))
    return () if isinstance(node, inspect.NoneType) else (node,)


def expected(node: inspect.Type) -> str:
    """What a value of this type looks like; a description given with the type (msgspec's Meta), or in a class's
    `FORM`, is taken as it is.
    """
    match node:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            return str((extra or {}).get("description") or expected(inner))
        case inspect.UnionType(types=types):
            nullable = any(isinstance(one, inspect.NoneType) for one in types)
            told = [expected(one) for one in types if not isinstance(one, inspect.NoneType)]
            return " or ".join(["null"] * nullable + told)
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.EnumType(cls=cls):
            return f"one of {', '.join(str(one.value) for one in cls)}"
        case inspect.StructType(fields=fields):
            return f"a mapping with {', '.join(field.encode_name for field in fields)}"
        case inspect.DictType() | inspect.AnyType():
            return "a mapping"
        case inspect.CustomType(cls=cls) if hasattr(cls, "FORM"):
            return str(cls.FORM)
        case inspect.VarTupleType(item_type=item, min_length=least):
            return f"{'a non-empty' if least else 'an'} array, each item {expected(item)}"
        case inspect.FrozenSetType(item_type=item):
            return f"an array, each item {expected(item)}"
    return _expected_scalar(node)


def _expected_scalar(node: inspect.Type) -> str:
    match node:
        case inspect.StrType(min_length=least, max_length=most):
            if most:
                return f"a string of {least or 0} to {most} characters"
            return "a non-empty string" if least else "a string"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case inspect.FloatType(gt=above) if above is not None:
            return f"a number above {above:g}"
        case inspect.FloatType(ge=least, le=most) if least is not None and most is not None:
            return f"a number from {least:g} to {most:g}"
        case inspect.FloatType(ge=least) if least is not None:
            return f"a number of at least {least:g}"
        case inspect.FloatType():
            return "a number"
    raise AssertionError(f"no words for {node}")
