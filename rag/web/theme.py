"""The look of the page as a Gradio theme: paper, ink and one accent, light and dark.

Fonts are those of the reader's machine, so that the page asks no other host for any.
"""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")

INK = gr.themes.Color(
    c50="#faf8f3",
    c100="#f3efe6",
    c200="#e4ddcf",
    c300="#cfc6b4",
    c400="#a49b89",
    c500="#7a7263",
    c600="#5b5549",
    c700="#433f36",
    c800="#2a2823",
    c900="#1e1d1a",
    c950="#161513",
    name="ink",
)
BINDING = gr.themes.Color(
    c50="#f7efec",
    c100="#efdcd6",
    c200="#e3bfb4",
    c300="#d69e8d",
    c400="#c67b66",
    c500="#a9543f",
    c600="#8c3b2a",
    c700="#722f22",
    c800="#5b271d",
    c900="#45201a",
    c950="#2b130f",
    name="binding",
)


def build_theme() -> gr.themes.Base:
    """Return the theme; `style.css` draws what is inside the answers."""
    theme = gr.themes.Base(
        primary_hue=BINDING,
        secondary_hue=BINDING,
        neutral_hue=INK,
        radius_size=gr.themes.sizes.radius_sm,
        text_size=gr.themes.sizes.text_md,
        font=[gr.themes.Font(name) for name in SANS],
        font_mono=[gr.themes.Font(name) for name in MONO],
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        background_fill_primary="#fffdf9",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="#e9e4d9",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="#b3ab9b",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#3a372f",
        block_border_width="0px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        input_background_fill="#fffdf9",
        input_background_fill_dark="*neutral_900",
        input_border_color="*neutral_300",
        input_border_color_dark="#4a463c",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="#8f8777",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#fffdf9",
    )
