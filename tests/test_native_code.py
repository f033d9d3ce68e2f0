"""The machine, seen: for one layer the chain from its formula over nodes and kernels to instructions is complete."""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pytest

import backlit
from backlit import layers
from backlit.cli import machine_code as printed
from backlit.errors import ConfigError
from backlit.execute import executor, set_executor
from backlit.inspect import NativeCode, native_code
from backlit.inspect.listings import hot_block, hot_loop, loops, shorter

target = pytest.importorskip("backlit.execute.native.target")


@pytest.fixture(scope="module")
def model():
    before = executor()
    set_executor("native")
    model = backlit.Sequential(
        [
            layers.Input((70,)),
            layers.Dense(40, activation="relu", name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="drop"),
            layers.Activation("tanh", name="act"),
            layers.Flatten(name="flat"),
            backlit.Sequential([layers.Dense(8, name="deep")], name="block"),
            layers.Dense(3, activation="softmax", name="answer"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    yield model
    set_executor(before)


@pytest.fixture(scope="module")
def hidden(model) -> NativeCode:
    return native_code(model, "hidden")


# --- the chain ---------------------------------------------------------------------------------------------------


def test_a_dense_layer_from_the_formula_to_the_instruction(hidden):
    assert hidden.mathematics["forward"] == ["y = relu(x @ kernel + bias)"]
    assert "relu(x) = maximum(x, 0)" in hidden.mathematics["where"]
    assert "dkernel = matmul(xᵀ, t1)" in hidden.mathematics["backward"]
    assert any(line.startswith("kernel′ = kernel - ") for line in hidden.mathematics["update"])
    assert [node.op.name for node in hidden.nodes["forward"]] == ["matmul", "add", "maximum"]
    first = hidden.hottest
    assert first is not None
    assert first.title == "product (32, 40) = x (32, 70) · kernel (70, 40), then: add bias, maximum"
    assert re.fullmatch(r"%\d+ = maximum\(x @ kernel \+ bias, 0\)", first.formula)
    assert first.flops == 2 * 32 * 70 * 40 + 2 * 32 * 40
    assert "fmuladd" in first.hot_ir
    assert "fmuladd" in first.optimized_ir
    assert first.assembly


def test_the_hot_loop_of_a_product_multiplies_and_adds_vectors(hidden):
    host = target.host()
    for kernel in hidden.kernels:
        if kernel.title.startswith("product"):
            assert "fmuladd" in kernel.ir
            loop = kernel.hot_loop
            assert loop is not None
            assert loop.vector > 0
            if host.vector_bytes >= 32:
                assert loop.vector_fma > 0
                assert re.search(r"vfmadd\w+ps", str(loop))


def test_speed_is_measured(hidden):
    for kernel in hidden.kernels:
        assert kernel.microseconds > 0
        assert kernel.peak > 0
        assert kernel.bytes > 0
        assert (kernel.gflops > 0) == (kernel.flops > 0)
    assert any(kernel.flops for kernel in hidden.kernels)


def test_scans_for_zeros_belong_to_the_products_that_use_them(hidden):
    assert sum("is not zero" in kernel.title for kernel in hidden.kernels) == 2


def test_updates_belong_to_the_layer_of_the_weight(model, hidden):
    updates = [node for kernel in hidden.kernels for node in kernel.nodes if node in hidden.nodes["update"]]
    assert set(updates) == set(hidden.nodes["update"])
    other = native_code(model, "answer", measure=False).nodes["update"]
    assert not {id(node) for node in other} & {id(node) for node in hidden.nodes["update"]}
    assert "learning_rate" in hidden.formula  # what all updates share is part of the mathematics, not of the nodes


@pytest.mark.parametrize(
    ("layer", "formula", "title"),
    [
        ("norm", "y = t2 * gamma + beta", "mean of"),
        ("drop", "y = where(", "where"),
        ("act", "y = tanh(x)", "tanh"),
        ("deep", "y = x @ kernel + bias", "product (32, 8)"),
    ],
)
def test_other_layers(model, layer, formula, title):
    code = model.native_code(layer)
    assert formula in code.formula
    assert any(title in kernel.title for kernel in code.kernels)
    assert code.hottest is not None
    assert code.hottest.assembly
    assert all(kernel.microseconds > 0 for kernel in code.kernels)
    assert "moving_mean′" in code.formula or layer != "norm"


def test_a_layer_that_only_looks_another_way_has_no_kernel(model):
    code = model.native_code("flat")
    assert code.kernels == []
    assert code.hottest is None
    assert "y = reshape(x" in code.formula
    assert "No code of its own" in str(code)


# --- which layer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["block/deep", "deep", 0, -1])
def test_a_layer_by_name_path_or_number(model, layer):
    code = native_code(model, layer, measure=False)
    found = {0: "hidden", -1: "answer"}.get(layer, "deep") if isinstance(layer, int) else "deep"
    assert code.layer.name == found
    assert all(math.isnan(kernel.microseconds) for kernel in code.kernels)
    assert "not timed" in code.part("kernels")


def test_a_layer_by_itself(model):
    assert native_code(model, model.layers[1], measure=False).layer is model.layers[1]


def test_unknown_layers(model):
    with pytest.raises(ConfigError, match='Did you mean "hidden"'):
        model.native_code("hiden")
    with pytest.raises(ConfigError, match="no layer 12"):
        model.native_code(12)
    with pytest.raises(ConfigError, match="no layer 'stranger'"):
        model.native_code(layers.Dense(2, name="stranger"))


def test_weights_and_steps_stay_as_they_are(model):
    before = [weight.copy() for weight in model.get_weights()]
    step = int(model.optimizer.iterations.numpy())
    model.native_code("hidden")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert int(model.optimizer.iterations.numpy()) == step


def test_the_batch_of_the_data_given(model):
    code = model.native_code("hidden", np.ones((5, 70)), np.zeros(5, int))
    assert "(5, 70)" in code.hottest.title
    assert "the data given" in code.part("kernels")


# --- what has no machine code ------------------------------------------------------------------------------------


def small(*stack, **options):
    model = backlit.Sequential([layers.Input((4,)), *stack, layers.Dense(2, name="answer")])
    model.compile("sgd", "mse", **options)
    return model


def test_a_model_that_is_not_compiled():
    with pytest.raises(ConfigError, match="compile"):
        backlit.Sequential([layers.Input((4,)), layers.Dense(2)]).native_code(0)


def test_a_model_that_runs_eagerly():
    with pytest.raises(ConfigError, match="eagerly"):
        small(run_eagerly=True).native_code(0)


def test_a_step_that_runs_in_the_interpreter_says_so(monkeypatch):
    from backlit.execute.native import assembly

    def refuse(*_, **__):
        raise NotImplementedError("there is no machine code for the op 'erf'")

    monkeypatch.setattr("backlit.execute.native.runner.assembled", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConfigError, match="runs in the interpreter: there is no machine code for the op 'erf'"):
            small().native_code("answer")
    assert assembly.assembled is not refuse


def test_the_chosen_interpreter_still_shows_what_would_be_compiled():
    before = executor()
    set_executor("interpreter")
    try:
        assert small().native_code("answer").kernels
    finally:
        set_executor(before)


# --- the report --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_keeps_to_its_width(model, hidden, width):
    report = hidden.report(width)
    assert max(map(len, report.splitlines())) <= width
    places = [report.index(f"{i}. {name}") for i, name in enumerate(("MATHEMATICS", "NODES", "KERNELS", "LLVM IR"), 1)]
    assert places == sorted(places)
    assert "5. ASSEMBLY" in report
    assert "GFLOP/s" in report
    assert "\t" not in report


def test_the_full_report_has_every_listing(hidden):
    text = hidden.part("assembly", full=True)
    assert all(f"Kernel ({i})" in text for i in range(1, len(hidden.kernels) + 1))
    assert hidden.kernels[0].ir in hidden.part("ir", full=True)
    with pytest.raises(ConfigError, match='Did you mean "kernels"'):
        hidden.part("kernel")


def test_the_command_line_colors_a_terminal(model, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    x, y = np.ones((4, 70), np.float32), np.zeros(4, np.int64)
    printed.show(model, "0", x, y, full=False)
    out = capsys.readouterr().out
    assert "hidden (Dense)" in out
    assert "4. LLVM IR" in out
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in out.splitlines()) <= 80


# --- reading listings --------------------------------------------------------------------------------------------

X86 = """
outer:
	xorl	%eax, %eax
.LBB0_1:
	movq	%rax, 8(%rsp)
.LBB0_2:
	vmovups	(%rsi,%rax,4), %ymm1
	vfmadd231ps	%ymm1, %ymm0, %ymm2
	vfmadd231ss	%xmm1, %xmm0, %xmm3
	vmovups	%ymm2, 32(%rsp)
	addq	$8, %rax
	jb	.LBB0_2
	jne	.LBB0_1
	jmp	.LBB0_9
other:
.LBB1_1:
	addq	$8, %rax
	jb	.LBB1_1
"""
ARM = """
kernel_0:
.LBB0_4:
	ldr	q1, [x1], #16
	fmla	v0.4s, v1.4s, v2.s[0]
	str	q0, [sp, #16]
	subs	x3, x3, #1
	b.ne	.LBB0_4
	cbnz	x4, .LBB0_4
"""


def test_innermost_loops_are_found():
    assert [loop.label for loop in loops(X86)] == [".LBB0_2", ".LBB1_1"]
    loop = hot_loop(X86)
    assert loop is not None
    assert (loop.function, loop.instructions, loop.vector, loop.fma, loop.vector_fma, loop.stack) == (
        "outer", 6, 3, 2, 1, 1,
    )  # fmt: skip
    assert hot_loop("") is None


def test_loops_of_other_processors():
    loop = hot_loop(ARM)
    assert loop is not None
    assert (loop.function, loop.vector_fma, loop.stack) == ("kernel_0", 1, 1)


def test_ir_in_fewer_letters():
    assert shorter('%".1" = add <2 x i32> <i32 0, i32 0>, %"a"') == "%.1 = add <2 x i32> zeroinitializer, %a"
    assert shorter('target triple = "x"') == 'target triple = "x"'
    assert hot_block(
        "define\n{\nentry:\n br label %loop\nloop:\n %x = add\n br i1 %c, label %loop, label %end\nend:\n ret\n}"
    ) == ("loop:\n %x = add\n br i1 %c, label %loop, label %end")
