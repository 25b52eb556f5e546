"""JAX on the works of benches/compare.py, on request, see common.py. Steps are compiled as a whole, and the
buffers that they replace are given to them. XLA has as many threads as there are processors that it may
use."""

import jax
import jax.numpy as jnp
import numpy
from common import serve
from jax import nn

RANDOM = numpy.random.default_rng(1)


def normal(*shape):
    return jnp.asarray(RANDOM.standard_normal(shape, dtype=numpy.float32))


def rare(share, *shape):
    return jnp.asarray((RANDOM.random(shape) < share).astype(numpy.float32))


def classes(count, below):
    return jnp.asarray(RANDOM.integers(0, below, count))


def binary_ce(x, y):
    return jnp.maximum(x, 0) - x * y + jnp.log1p(jnp.exp(-jnp.abs(x)))


def focal(x, y):
    p = nn.sigmoid(x)
    q = p + y - 2 * p * y
    return jnp.mean((0.75 - 0.5 * y) * q * q * binary_ce(x, y))


def softmax_ce(x, y):
    return -jnp.mean(jnp.take_along_axis(nn.log_softmax(x), y[:, None], 1))


def mlp_step(sizes, batch, optimizer):
    x = normal(batch, sizes[0])
    y = rare(0.1, batch, 1) if sizes[-1] == 1 else classes(batch, sizes[-1])
    last = lambda z: jnp.mean(binary_ce(z, y)) if sizes[-1] == 1 else softmax_ce(z, y)

    def loss(params):
        z = x
        for weight, bias in params[:-1]:
            z = nn.relu(z @ weight + bias)
        return last(z @ params[-1][0] + params[-1][1])

    def momentum(p, m, v, g, t):
        m = 0.9 * m + g
        return p - 1e-4 * m, m, v

    def adam(p, m, v, g, t):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 1e-5 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    update = adam if optimizer == "adam" else momentum

    def whole(params, first, second, t):
        value, slopes = jax.value_and_grad(loss)(params)
        leaves, tree = jax.tree_util.tree_flatten(params)
        rest = [jax.tree_util.tree_leaves(part) for part in (first, second, slopes)]
        new = [update(*leaf, t + 1) for leaf in zip(leaves, *rest)]
        return *[jax.tree_util.tree_unflatten(tree, part) for part in zip(*new)], t + 1, value

    params = [(0.05 * normal(*shape), jnp.zeros(shape[1])) for shape in zip(sizes, sizes[1:])]
    zeros = lambda: jax.tree_util.tree_map(jnp.zeros_like, params)
    state, whole = [params, zeros(), zeros(), jnp.float32(0)], jax.jit(whole, donate_argnums=(0, 1, 2))

    def step():
        *state[:], value = whole(*state)
        value.block_until_ready()

    return step


def loss_step(loss, x, y):
    both = jax.jit(jax.value_and_grad(loss))
    return lambda: jax.block_until_ready(both(x, y))


def makers(name):
    kind, *what = name.replace(",", "").split()
    if kind == "mlp":
        shape = {"784": ((784, 256, 128, 10), 128), "32": ((32, 64, 64, 1), 256)}[what[0]]
        make = lambda: mlp_step(*shape, what[1])
    elif kind == "focal":
        n = int(what[0])
        make = lambda: loss_step(focal, 2 * normal(n), rare(0.01, n))
    elif kind == "softmax":
        rows, width = map(int, what)
        make = lambda: loss_step(softmax_ce, normal(rows, width), classes(rows, width))
    else:
        return {}
    return {"JAX jit": make}


serve(makers)
