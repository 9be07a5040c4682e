"""YAML of unknown origin: plain values, of a size and depth that the files of this project have.

PyYAML's own safe loader builds no objects, but it follows aliases, nine levels of which make a billion values.
"""

from __future__ import annotations

from typing import Any

import yaml

from larq_focal.messages import short

_DEEPEST, _LONGEST_VALUE, _LONGEST_TEXT = 20, 20_000, 2**20


class YamlError(ValueError):
    """A text is not YAML that is taken here; the message says where and why, as the end of a sentence."""


def parse_yaml(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        YamlError: it is not YAML, has an alias or a key twice, or is too long or too deep.
    """
    if len(text) > _LONGEST_TEXT:
        raise YamlError(f"it has {len(text):,} characters, and at most {_LONGEST_TEXT:,} are taken")
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise YamlError(short(error)) from None
    except Exception as error:  # numbers and dates that Python does not take
        raise YamlError(f"a value in it cannot be read ({short(error)})") from None


class _Loader(yaml.SafeLoader):
    def __init__(self, text: str):
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "aliases (*name) are not taken: write the value out")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > _LONGEST_VALUE:
            self._refuse(event, f"a value of {len(event.value):,} characters")
        if self._depth == _DEEPEST:
            self._refuse(event, f"values within values, more than {_DEEPEST} deep")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    self._refuse(key, f"the key '{short(key.value, 60)}' is there twice")
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def _refuse(self, at: yaml.Event | yaml.Node, fault: str) -> None:
        raise yaml.MarkedYAMLError(problem=fault, problem_mark=at.start_mark)
