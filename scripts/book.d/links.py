"""Checks that every local link of a book leads to a file, and to a place in it that is there.

    links.py FOLDER
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

folder = Path(sys.argv[1])


class Page(HTMLParser):
    def __init__(self, file):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places.add(attributes.get("id"))
        link = attributes.get("href" if tag == "a" else "src" if tag == "img" else "")
        if link:
            self.links.append(link)


# toc.html is what readers without scripts see beside a page.
pages = {file.resolve(): Page(file) for file in folder.rglob("*.html") if file.name not in ("404.html", "toc.html")}
broken, count = [], 0
for file, page in pages.items():
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        count += 1
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        if not target.exists():
            broken.append(f"{file.name}: there is no {link}")
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
            broken.append(f"{file.name}: there is no such place as {link}")
for text in sorted(set(broken)):
    print(f"book: {text}", file=sys.stderr)
print(f"book: {len(pages)} pages, {count} local links, {len(set(broken))} broken", file=sys.stderr)
sys.exit(bool(broken or len(pages) < 20))
