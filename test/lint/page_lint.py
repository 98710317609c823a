#!/usr/bin/env python3
"""Lint a self-contained HTML page for readers who cannot see colours, pictures or the whole of it.

    page_lint.py PAGE.html ...      prints one complaint a line and exits 1 when there is one

Only the standard library is used.  Rules (in the words of WCAG 2.1 where there is one):

lang        the page names its language
title       it has one title that is not empty
id          ids are unique
link        links inside the page have a target; nothing is fetched from outside
alternative every img has a text alternative, every svg a role and a title; within a figure they differ
heading     headings begin at h1, of which there is one, and do not skip a level; none is empty
table       every table has a caption or a label, and header cells with a scope in its first row
figure      every figure has a caption; captions are unique
contrast    text has a contrast of at least 4.5:1, by the style sheet and by svg fills
script      there is no script
"""
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "hr", "input", "col"}
SVG_VOID = {"line", "rect", "circle", "path"}


def luminance(colour):
    """Relative luminance of #rgb or #rrggbb (WCAG 2.1)."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * d for d in digits)
    linear = []
    for i in (0, 2, 4):
        v = int(digits[i:i + 2], 16) / 255
        linear.append(v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b="#ffffff"):
    """Contrast of two colours, 1 to 21."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children, self.words = [], []

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, *tags):
        return [n for n in self.walk() if n.tag in tags]

    def text(self):
        return "".join(w if isinstance(w, str) else w.text() for w in self.words).strip()


class Tree(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("#root", {}, None)

    def handle_starttag(self, tag, attrs):
        node = Node(tag, dict(attrs), self.at)
        self.at.children.append(node)
        self.at.words.append(node)
        if tag not in VOID and tag not in SVG_VOID:
            self.at = node

    def handle_startendtag(self, tag, attrs):
        node = Node(tag, dict(attrs), self.at)
        self.at.children.append(node)

    def handle_endtag(self, tag):
        node = self.at
        while node.parent is not None and node.tag != tag:
            node = node.parent
        if node.parent is not None:
            # <rect ...><title>: an element taken as empty was closed by a tag of its own
            self.at = node.parent

    def handle_data(self, data):
        self.at.words.append(data)


def structure(root):
    page = root.find("html")
    if not page or not page[0].attributes.get("lang"):
        yield "lang: the page does not name its language"
    titles = [n for n in root.find("title") if n.parent.tag == "head"]
    if len(titles) != 1 or not titles[0].text():
        yield "title: the page needs one title"
    if root.find("script"):
        yield "script: there is a script"
    seen = set()
    for node in root.walk():
        name = node.attributes.get("id")
        if name in seen:
            yield f"id: {name} is not unique"
        if name is not None:
            seen.add(name)
    for node in root.find("a"):
        to = node.attributes.get("href", "")
        if to.startswith("#") and to[1:] not in seen:
            yield f"link: {to} has no target"
        if not node.text():
            yield f"link: {to} has no text"
    for node in root.walk():
        source = node.attributes.get("src", "")
        if source and not source.startswith("data:") or node.tag in ("link", "iframe", "object"):
            yield f"link: <{node.tag}> fetches {source or node.attributes.get('href')}"


def headings(root):
    before = 0
    count = 0
    for node in root.find("h1", "h2", "h3", "h4", "h5", "h6"):
        level = int(node.tag[1])
        count += level == 1
        if level > before + 1:
            yield f"heading: h{level} '{node.text()}' follows h{before}"
        if not node.text():
            yield f"heading: an empty h{level}"
        before = level
    if count != 1:
        yield f"heading: {count} h1"


def alternatives(root):
    for node in root.find("img"):
        if not node.attributes.get("alt", "").strip():
            yield "alternative: an img without text"
    for node in root.find("svg"):
        titles = [c for c in node.children if c.tag == "title"]
        if node.attributes.get("role") != "img" or not titles or not titles[0].text():
            yield "alternative: an svg without a role or a title"
    captions = set()
    for node in root.find("figure"):
        found = node.find("figcaption")
        if len(found) != 1 or not found[0].text():
            yield "figure: a figure without a caption"
        elif found[0].text() in captions:
            yield f"figure: twice the caption '{found[0].text()}'"
        else:
            captions.add(found[0].text())
        alts = [n.attributes.get("alt") for n in node.find("img")]
        if len(set(alts)) != len(alts):
            yield f"alternative: pictures with the same text '{alts[0]}'"


def tables(root):
    for node in root.find("table"):
        name = [c.text() for c in node.find("caption")]
        if not "".join(name) and not node.attributes.get("aria-label"):
            yield "table: a table without a caption"
        rows = node.find("tr")
        if not rows or not [c for c in rows[0].children if c.tag == "th"]:
            yield f"table: '{''.join(name)}' has no header"
        for cell in node.find("th"):
            if cell.attributes.get("scope") not in ("col", "row"):
                yield f"table: the header '{cell.text()}' has no scope"
        widths = {len([c for c in r.children if c.tag in ("td", "th")]) for r in rows}
        if len(widths) > 1:
            yield f"table: the rows of '{''.join(name)}' differ in length"


def behind(shapes, text):
    """Fill of the last rectangle drawn before a text that holds the middle of its letters; white without one."""
    at = [float(text.get("x", 0)), float(text.get("y", 0)) - 4]
    for shape in reversed(shapes):
        low = [float(shape.get(k, 0)) for k in ("x", "y")]
        size = [float(shape.get(k, 0)) for k in ("width", "height")]
        fill = shape.get("fill", "#000")
        if fill.startswith("#") and all(a <= p <= a + n for a, p, n in zip(low, at, size)):
            return fill
    return "#ffffff"


def contrasts(root):
    for sheet in root.find("style"):
        # The conditions of media rules do not matter here: every rule must do.
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet.text()):
            declared = dict(d.split(":", 1) for d in body.split(";") if ":" in d)
            front = declared.get("color", "").strip()
            back = declared.get("background", declared.get("background-color", "#fff")).strip()
            if re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", front):
                if not re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", back):
                    yield f"contrast: {selector} has the background {back}"
                elif contrast(front, back) < 4.5:
                    yield f"contrast: {selector} has {contrast(front, back):.2f}:1"
            elif front not in ("", "inherit", "currentColor"):
                yield f"contrast: {selector} has the colour {front}"
    for drawing in root.find("svg"):
        shapes = []
        for node in drawing.walk():
            if node.tag == "rect":
                shapes.append(node.attributes)
            elif node.tag == "text":
                fill, back = node.attributes.get("fill", "#000"), behind(shapes, node.attributes)
                if not fill.startswith("#") or contrast(fill, back) < 4.5:
                    yield f"contrast: svg text '{node.text()}' has the fill {fill} on {back}"
    for node in root.walk():
        if re.search(r"(^|;)\s*color\s*:", node.attributes.get("style") or ""):
            yield f"contrast: <{node.tag}> has a colour of its own"


def lint(text):
    tree = Tree()
    tree.feed(text)
    tree.close()
    for rule in (structure, headings, alternatives, tables, contrasts):
        yield from rule(tree.root)


def main(paths):
    found = 0
    for path in paths:
        with open(path, encoding="utf-8") as page:
            for complaint in lint(page.read()):
                print(complaint)
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
