// Search, zoom, and the line about the frame under the pointer. Everything it knows it reads from
// the picture: a frame is a group of a title (its name, then its numbers), a box, and words where
// they fit.
(() => {
  "use strict";
  const svg = document.currentScript.closest("svg");
  const area = svg.querySelector(".frames");
  const [left, full, letter, margin, gap] =
      ["left", "width", "letter", "margin", "gap"].map((name) => Number(area.dataset[name]));
  const alone = document.documentElement === svg;  // not a part of somebody's page
  const status = svg.querySelector(".status");
  const matched = svg.querySelector(".matched");
  const reset = svg.querySelector(".reset");
  const button = svg.querySelector(".search");
  const inTotal = status.textContent;
  const near = 0.001;  // coordinates are rounded to a tenth of it
  // A box ends a little before its neighbour begins.
  const drawn = (width) => width - Math.min(gap, width / 5);
  const whole = (box) => box < gap * 4 ? box * 5 / 4 : box + gap;

  const number = (element, name) => Number(element.getAttribute(name));
  const frames = Array.from(area.children, (group, index) => {
    const rect = group.querySelector("rect");
    const title = group.querySelector("title").textContent;
    return {
      group, rect, title, index,
      name: title.split("\n", 1)[0],
      words: group.querySelector("text"),
      x: number(rect, "x"), y: number(rect, "y"), width: whole(number(rect, "width")),
    };
  });
  const root = frames[0];
  for (const frame of frames) frame.depth = Math.abs(frame.y - root.y);
  const frameOf = new Map(frames.map((frame) => [frame.group, frame]));
  let zoomed = root;
  let pattern = "";
  let holder = null;

  // From U+1100 on a letter may take two columns.
  const columns = (character) => character.codePointAt(0) >= 0x1100 ? 2 : 1;

  function fitted(name, width) {
    const room = Math.floor((width - margin) / letter);
    if (room < 3) return "";
    let used = 0, kept = "", all = "";
    for (const character of name) {
      used += columns(character);
      all += character;
      if (used < room) kept = all;
      if (used > room) return kept + "…";
    }
    return name;
  }

  function place(frame, x, width) {
    frame.group.classList.toggle("out", width < 0.1);
    if (width < 0.1) return;
    frame.rect.setAttribute("x", x);
    frame.rect.setAttribute("width", drawn(width));
    const words = fitted(frame.name, width);
    if (!words && !frame.words) return;
    if (!frame.words) {
      frame.words = document.createElementNS(svg.namespaceURI, "text");
      frame.words.setAttribute("y", frame.y + 12.5);
      frame.group.append(frame.words);
    }
    frame.words.setAttribute("x", x + margin / 2);
    frame.words.textContent = words;
  }

  // Gives `to` the whole width, and with it what it stands on.
  function zoom(to) {
    zoomed = to;
    const scale = full / to.width, end = to.x + to.width;
    for (const frame of frames) {
      const above = frame.depth >= to.depth;
      const within = frame.x >= to.x - near && frame.x + frame.width <= end + near;
      const around = frame.x <= to.x + near && frame.x + frame.width >= end - near;
      const below = !above && around;
      frame.group.classList.toggle("below", below);
      if (below) place(frame, left, full);
      else if (above && within) place(frame, left + (frame.x - to.x) * scale, frame.width * scale);
      else frame.group.classList.add("out");
    }
    reset.classList.toggle("off", to === root);
    remember();
  }

  // Letters of one case find both; what is no pattern is searched for as it is.
  function compiled(text) {
    const flags = text === text.toLowerCase() ? "iu" : "u";
    for (const source of [text, text.replace(/[.*+?^${}()|[\]\\\/]/g, "\\$&")]) {
      try {
        return new RegExp(source, flags);
      } catch {
        // Tried as a text next.
      }
    }
    return null;
  }

  // Marks the frames that match, and says how much of everything they are: a match on top of
  // another is counted once.
  function search(text) {
    pattern = text;
    const wanted = text && compiled(text);
    const hits = frames.filter((frame) => {
      const hit = Boolean(wanted) && frame !== root && wanted.test(frame.name);
      frame.group.classList.toggle("hit", hit);
      return hit;
    });
    area.classList.toggle("searching", Boolean(text));
    let share = 0, end = -Infinity;
    for (const hit of hits.sort((a, b) => a.x - b.x || b.width - a.width)) {
      if (hit.x + hit.width <= end + near) continue;
      share += hit.width;
      end = hit.x + hit.width;
    }
    matched.textContent = !text ? "" : hits.length === 0 ? "nothing matches" :
        `${(100 * share / root.width).toFixed(2)}% matches`;
    remember();
  }

  function openSearch() {
    if (!holder) {
      const page = "http://www.w3.org/1999/xhtml";
      holder = document.createElementNS(svg.namespaceURI, "foreignObject");
      const input = document.createElementNS(page, "input");
      const box = button.querySelector("rect");
      const width = 240;
      holder.setAttribute("x", number(box, "x") + number(box, "width") - width);
      holder.setAttribute("y", number(box, "y"));
      holder.setAttribute("width", width);
      holder.setAttribute("height", number(box, "height"));
      input.placeholder = "part of a name, or a regex";
      input.spellcheck = false;
      input.addEventListener("input", () => search(input.value));
      holder.append(input);
      svg.append(holder);
      button.classList.add("off");
    }
    const input = holder.firstChild;
    input.value = pattern;
    input.focus();
    input.select();
  }

  function closeSearch() {
    if (holder) holder.remove();
    holder = null;
    button.classList.remove("off");
    search("");
  }

  // The view is part of the address, so that it can be passed on and a reload keeps it.
  function remember() {
    if (!alone || restoring) return;
    const words = new URLSearchParams();
    if (pattern) words.set("search", pattern);
    if (zoomed !== root) words.set("zoom", zoomed.index);
    try {
      history.replaceState(null, "", "#" + words);
    } catch {
      // A browser may forbid it for a file; the view is then not remembered.
    }
  }

  let restoring = true;
  function restore() {
    restoring = true;
    const words = new URLSearchParams(location.hash.slice(1));
    const frame = frames[Number(words.get("zoom"))];
    if (frame && frame !== zoomed) zoom(frame);
    const text = words.get("search");
    if (text && text !== pattern) {
      search(text);
      openSearch();
    }
    restoring = false;
  }

  const pointed = (event) => frameOf.get(event.target.closest(".frames > g"));
  area.addEventListener("click", (event) => {
    const frame = pointed(event);
    if (frame) zoom(frame);
  });
  area.addEventListener("mouseover", (event) => {
    const frame = pointed(event);
    if (frame) status.textContent = frame.title.split("\n").join(" · ");
  });
  area.addEventListener("mouseleave", () => { status.textContent = inTotal; });
  for (const [element, action] of [[reset, () => zoom(root)], [button, openSearch]]) {
    element.addEventListener("click", action);
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") action();
    });
  }
  window.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") {
      // A second time it is the browser's own search.
      if (holder && document.activeElement === holder.firstChild) return;
      event.preventDefault();
      openSearch();
    } else if (event.key === "Escape") {
      if (holder) closeSearch();
      else zoom(root);
    }
  });
  svg.classList.add("live");
  if (alone) {
    window.addEventListener("hashchange", restore);
    restore();
  }
  restoring = false;
})();
