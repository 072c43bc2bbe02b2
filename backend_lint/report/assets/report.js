"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const debounced = (work, wait) => { let timer = 0; return () => { clearTimeout(timer); timer = setTimeout(work, wait); }; };

  // -- findings --------------------------------------------------------------------------------------
  const list = document.getElementById("list");
  const rows = list ? Array.from(list.children) : [];
  const about = new Map(rows.map((row, index) => [row, {
    order: index, details: data.findings[index], severity: row.classList[1], family: row.dataset.family, rule: row.dataset.rule,
    matches: true, reach: row.dataset.reach, path: row.dataset.path, text: row.textContent.toLowerCase(),
  }]));

  const code = (lines, width) => {
    const block = make("pre", { class: "code", tabindex: "0" });
    for (const [number, ...parts] of lines) block.append(make("span", { class: "n" }, `${String(number).padStart(width)} │ `), ...parts, "\n");
    return block;
  };
  const frame = (details) => {
    const [line, start, end] = details.mark;
    const width = String(Math.max(...details.frame.map(([number]) => number))).length;
    return code(details.frame.map(([number, text]) => number !== line ? [number, text]
      : [number, text.slice(0, start), make("mark", {}, text.slice(start, end)), text.slice(end)]), width);
  };
  const fill = (row) => {
    if (row.children.length > 1) return;
    const one = about.get(row);
    const { details } = one;
    const body = make("div", { class: "body" });
    if (details.symbol) body.append(make("div", { class: "at" }, `in ${details.symbol}`));
    if (details.frame.length) body.append(frame(details));
    if (details.evidence.length) {
      const found = make("ul", { class: "evidence" });
      for (const item of details.evidence) {
        const entry = make("li", {}, make("code", {}, item.at), ` ${item.says}`);
        if (item.to) entry.append(" ", make("a", { href: `#${item.to}` }, item.what));
        const there = rows.find((other) => other !== row && about.get(other).text.includes(`${item.at.toLowerCase()}:`));
        if (there) entry.append(" ", make("a", { href: `#${there.id}` }, `${about.get(there).rule} there`));
        if (item.code) entry.append(code([[item.line, item.code]], String(item.line).length));
        found.append(entry);
      }
      body.append(make("h4", {}, "Evidence"), found);
    }
    if (details.help.length) {
      const advice = make("pre", { class: "code", tabindex: "0" });
      for (const line of details.help) {
        const kind = /^\+(?!\+\+)/.test(line) ? "add" : /^-(?!--)/.test(line) ? "del" : "";
        advice.append(kind ? make("span", { class: kind }, line) : line, "\n");
      }
      body.append(make("h4", {}, "Suggested change"), advice);
    }
    body.append(make("a", { href: `#rule-${one.rule}` }, "Why, and when this is wrong"));
    row.append(body);
  };
  if (list) list.addEventListener("toggle", (event) => { if (event.target.open && about.has(event.target)) fill(event.target); }, true);

  // no more rows than somebody scrolls through have a place on the page at a time
  const STEP = 250;
  const more = document.getElementById("more");
  let matching = rows, room = STEP;
  const place = () => {
    let left = room;
    for (const row of rows) {
      const hide = !about.get(row).matches || --left < 0;
      if (row.hidden !== hide) row.hidden = hide;
    }
    if (more) more.hidden = matching.length <= room;
  };
  if (more) {
    const extend = () => { room += STEP; place(); };
    more.addEventListener("click", extend);
    new IntersectionObserver((entries) => { if (!more.hidden && entries.some((entry) => entry.isIntersecting)) extend(); }, { rootMargin: "800px" }).observe(more);
  }

  const form = document.querySelector(".controls");
  const shown = () => {
    const words = document.getElementById("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const path = document.getElementById("by-path").value.trim();
    const severities = new Set(Array.from(form.querySelectorAll("[name=severity]:checked"), (box) => box.value));
    const chosen = Array.from(form.querySelectorAll("[data-by]"), (select) => [select.dataset.by, select.value]).filter(([, value]) => value);
    for (const row of rows) {
      const one = about.get(row);
      one.matches = severities.has(one.severity) && chosen.every(([by, value]) => one[by] === value)
        && (!path || one.path.startsWith(path)) && words.every((word) => one.text.includes(word));
    }
    matching = rows.filter((row) => about.get(row).matches);
    const count = matching.length;
    room = STEP;
    place();
    const all = rows.length.toLocaleString("en");
    document.getElementById("count").textContent = count === rows.length ? `${all} finding${count === 1 ? "" : "s"}` : `${count.toLocaleString("en")} of ${all} findings`;
  };
  const sorted = () => {
    const by = document.getElementById("sort").value;
    const key = by === "severity" ? null : by;
    rows.sort((a, b) => {
      const [one, other] = [about.get(a), about.get(b)];
      if (key && one[key] !== other[key]) return one[key] < other[key] ? -1 : 1;
      return one.order - other.order;
    });
    list.append(...rows);
    room = STEP;
    place();
  };
  if (form) {
    form.addEventListener("input", debounced(shown, 60));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => { sorted(); shown(); }));
    document.getElementById("sort").addEventListener("change", sorted);
    place();
  }

  // -- what a link leads to is opened, whatever the filter says --------------------------------------
  const follow = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && document.getElementById(id);
    if (!target) return;
    if (target.hidden) target.hidden = false;
    if (target instanceof HTMLDetailsElement) { target.open = true; if (about.has(target)) fill(target); }
    target.scrollIntoView({ block: "start" });
    const focus = target.querySelector("summary");
    if (focus) focus.focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);

  // -- tables that are filtered by their text --------------------------------------------------------
  for (const input of document.querySelectorAll("[data-rows]")) {
    const holder = document.getElementById(input.dataset.rows);
    const entries = Array.from((holder.tBodies ? holder.tBodies[0] : holder).children, (row) => [row, row.textContent.toLowerCase()]);
    input.addEventListener("input", debounced(() => {
      const wanted = input.value.toLowerCase();
      for (const [row, text] of entries) row.hidden = !text.includes(wanted);
    }, 60));
  }

  // -- the diagram of the tables ---------------------------------------------------------------------
  const draw = (name, attributes = {}, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text) element.textContent = text;
    return element;
  };
  const LINE = 17, WIDTH = 7.3, MOST = 60;
  const diagram = (tables, columnsShown) => {
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: "LR", nodesep: 24, ranksep: 70, marginx: 16, marginy: 16 });
    graph.setDefaultEdgeLabel(() => ({}));
    const shownColumns = new Map();
    for (const table of tables) {
      let columns = columnsShown === "all" ? table.columns : table.columns.filter(([, , signs]) => signs);
      if (!columns.length) columns = table.columns.slice(0, 3);
      const left = table.columns.length - columns.length;
      shownColumns.set(table.id, [columns, left]);
      const longest = Math.max(table.name.length + 2, ...columns.map(([name, type]) => Math.min(name.length, 34) + Math.min(type.length, 22) + 5));
      // names come from the checked project: a graph library keeps nodes in objects, where some names mean something
      graph.setNode(table.id, { width: longest * WIDTH + 20, height: (columns.length + 1 + (left ? 1 : 0)) * LINE + 14, table });
    }
    const ids = new Map(tables.map((table) => [table.name, table.id]));
    const references = [];
    for (const table of tables) for (const [to, by] of table.to) {
      if (ids.has(to)) graph.setEdge(table.id, ids.get(to), { says: `${table.name} (${by}) references ${to}` }, `e${references.push(by)}`);
    }
    dagre.layout(graph);
    const { width, height } = graph.graph();
    const svg = draw("svg", { class: "er", width: Math.ceil(width), height: Math.ceil(height), viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`, role: "img" });
    svg.append(draw("title", {}, `${tables.length} tables and their references`));
    for (const edge of graph.edges()) {
      const { points, says } = graph.edge(edge);
      const path = draw("path", { d: `M${points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}` });
      path.append(draw("title", {}, says));
      const end = points[points.length - 1];
      svg.append(path, draw("circle", { cx: end.x, cy: end.y, r: 3 }));
    }
    for (const id of graph.nodes()) {
      const { x, y, width: wide, height: high, table } = graph.node(id);
      const { name } = table;
      const [columns, left] = shownColumns.get(id);
      const box = draw("g", { transform: `translate(${(x - wide / 2).toFixed(1)},${(y - high / 2).toFixed(1)})`, tabindex: "0", role: "link" });
      box.append(draw("title", {}, `${name}${table.unserved ? `: ${table.unserved} queries that no index serves` : ""}`));
      box.append(draw("rect", { width: wide, height: high, rx: 5, class: table.unserved ? "hot" : "" }), draw("rect", { width: wide, height: LINE + 6, rx: 5, class: "head" }));
      box.append(draw("text", { x: 9, y: LINE - 1, class: "name" }, name));
      columns.forEach(([column, type, signs], index) => {
        const top = (index + 2) * LINE + 1;
        box.append(draw("text", { x: 9, y: top, class: "key" }, signs), draw("text", { x: 36, y: top }, column.slice(0, 34)));
        box.append(draw("text", { x: wide - 9, y: top, class: "type", "text-anchor": "end" }, type.slice(0, 22)));
      });
      if (left) box.append(draw("text", { x: 36, y: (columns.length + 2) * LINE + 1, class: "type" }, `and ${left} more`));
      const open = () => { location.hash = table.id; };
      box.addEventListener("click", open);
      box.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
      svg.append(box);
    }
    return svg;
  };
  if (data.tables.length) {
    const holder = document.getElementById("diagram");
    const select = document.getElementById("er-group");
    const columns = document.getElementById("er-columns");
    const groups = new Map();
    if (data.tables.length <= MOST) groups.set(`all ${data.tables.length} tables`, data.tables);
    const hot = data.tables.filter((table) => table.unserved);
    const near = (some) => {
      const names = new Set(some.map((table) => table.name));
      const more = new Set(some.flatMap((table) => table.to.map(([to]) => to)));
      return data.tables.filter((table) => names.has(table.name) || more.has(table.name)).slice(0, MOST);
    };
    if (hot.length) groups.set(`with unserved queries (${hot.length})`, near(hot));
    for (const group of [...new Set(data.tables.map((table) => table.group))].sort()) {
      const some = data.tables.filter((table) => table.group === group);
      groups.set(`${group} (${some.length})`, near(some));
    }
    for (const name of groups.keys()) select.append(make("option", {}, name));
    const show = () => holder.replaceChildren(diagram(groups.get(select.value), columns.value));
    document.getElementById("er-tool").hidden = false;
    holder.hidden = false;
    select.addEventListener("change", show);
    columns.addEventListener("change", show);
    // drawn when it is first looked at: a layout of many tables takes a while
    const watcher = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) { watcher.disconnect(); show(); } }, { rootMargin: "600px" });
    watcher.observe(holder);
    addEventListener("beforeprint", () => { if (!holder.firstChild) show(); });
  }

  // -- on paper, what is shown is shown whole ----------------------------------------------------------
  const PRINTED = 500;
  const opened = [];
  addEventListener("beforeprint", () => {
    room = rows.length;
    place();
    const closed = matching.filter((row) => !row.open).slice(0, PRINTED);
    for (const row of closed) { fill(row); row.open = true; }
    opened.push(...closed);
  });
  addEventListener("afterprint", () => { for (const row of opened.splice(0)) row.open = false; });
  follow();
})();
