"""What the scripts of this folder expect of calls."""


def same(got, expected):
    assert got == expected, "got %r, expected %r" % (got, expected)


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        return
    raise AssertionError("%s was not raised" % error.__name__)
