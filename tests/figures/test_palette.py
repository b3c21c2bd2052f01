"""Every colour of a figure can be read, on light pages and on dark ones."""

import re
from importlib.resources import files
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossedu.figures import COLOURS, use_style
from lossedu.figures.palette import ROLES, adaptive, style_sheet

BOOK = Path(__file__).parent.parent.parent / "book"
THEME = files("pydata_sphinx_theme") / "theme/pydata_sphinx_theme/static/styles"
MODES = ("light", "dark")


def luminance(colour):
    """Relative luminance as WCAG 2.2 defines it."""
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def backgrounds(mode):
    """What lies behind figures: the page of the theme, and the course's own cards."""
    theme = (THEME / "pydata-sphinx-theme.css").read_text()
    rules = re.findall(r'html\[data-theme="?' + mode + r'"?\]\{([^}]*)\}', theme)
    page = re.findall(r"--pst-color-background:\s*(#\w+)", "".join(rules))
    own = (BOOK / "_static" / "custom.css").read_text()
    card = re.search(f'data-theme="{mode}"' + r".*?--loss-card: (#\w+)", own, re.DOTALL)
    return [page[-1], card[1]]


def test_contrast_of_black_on_white_is_the_known_one():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("role", ROLES)
def test_a_label_in_any_colour_has_the_contrast_of_text(role, mode):
    colour = getattr(ROLES[role], mode)

    assert [contrast(colour, behind) >= 4.5 for behind in backgrounds(mode)] == [True, True]


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SEEN = {
    "by all": np.eye(3),
    "without green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "without red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "without blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lab(linear):
    """CIE L*a*b*, in which equal distances look equal."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = matrix @ np.clip(linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("mode", MODES)
def test_any_two_colours_keep_apart_for_every_kind_of_eyes(mode, eyes):
    seen = {}
    for role, shades in ROLES.items():
        channels = np.array(mpl.colors.to_rgb(getattr(shades, mode)))
        curved = ((channels + 0.055) / 1.055) ** 2.4
        seen[role] = lab(SEEN[eyes] @ np.where(channels <= 0.04045, channels / 12.92, curved))

    # 2.3 is a just noticeable difference; Okabe and Ito's palette comes down to 9 here.
    near = {f"{a}, {b}": np.linalg.norm(seen[a] - seen[b]) for a, b in combinations(seen, 2)}
    assert min(near.values()) > 14, near


def test_a_colour_of_the_palette_becomes_a_variable_that_the_style_sheet_sets_in_both_modes():
    sheet = style_sheet()

    for role, shades in ROLES.items():
        assert adaptive(shades.light.upper()) == f"var(--figure-{role}, {shades.light})"
        assert sheet.count(f"--figure-{role}: {shades.light};") == 1
        assert sheet.count(f"--figure-{role}: {shades.dark};") == 1


def test_other_colours_stay_and_black_is_the_pages_own():
    assert adaptive("#123456") == "#123456"
    assert adaptive("black") == adaptive("#000000") == "currentColor"


def test_curves_without_a_colour_take_the_roles_in_their_order():
    with plt.rc_context():
        use_style()
        cycle = [colour.lower() for colour in plt.rcParams["axes.prop_cycle"].by_key()["color"]]

    assert [f"#{colour.lstrip('#')}" for colour in cycle] == [
        COLOURS[role] for role in ("subject", "baseline", "third", "fourth")
    ]
