"use strict";
// What exported pages do beyond being read: show one measure, order and filter its table. The choice of the reader
// stands behind the # of the address, so that links and the buttons of the browser keep it. Nothing is stored or sent.
(() => {
  const all = (selector, where = document) => [...where.querySelectorAll(selector)];
  const parts = all("[data-part]");
  const known = (name) => all(`[data-${name}]`).map((link) => link.dataset[name]);

  function chosen() {
    const hash = decodeURIComponent(location.hash.slice(1));
    const given = new URLSearchParams(hash.startsWith("by-") ? `metric=${hash.slice(3)}` : hash);
    const pick = (name, names) => (names.includes(given.get(name)) ? given.get(name) : names[0]);
    const metric = pick("metric", parts.map((part) => part.dataset.part));
    return { metric, order: pick("order", known("order")), show: pick("show", known("show")) };
  }

  function point(link, choice) {
    const { condition, ...changes } = link.dataset;
    const target = Object.entries({ ...choice, ...changes }).filter(([, value]) => value);
    if (!link.href) link.href = location.href;
    link.hash = new URLSearchParams(target);
    if (condition !== undefined) return;
    const [[name, value]] = Object.entries(changes);
    const current = link.pathname === location.pathname && choice[name] === value;
    const place = name === "order" ? link.closest("th") : link;
    const [attribute, word] = name === "order" ? ["aria-sort", "other"] : ["aria-current", "true"];
    if (current) place.setAttribute(attribute, word);
    else place.removeAttribute(attribute);
  }

  function arrange(table, order, show) {
    const rows = all("tr[data-rank]", table).sort((a, b) => a.dataset[order] - b.dataset[order]);
    if (rows.length) all("tr[data-rank]", table)[0].parentNode.append(...rows);
    for (const row of all("tr.submission, tr.baseline", table)) row.hidden = !["all", `${row.className}s`].includes(show);
    for (const body of table.tBodies) body.hidden = [...body.rows].every((row) => row.hidden || row.matches(".title"));
    shareRanks(rows, order === "rank" && rows.every((row) => row.cells[0].textContent.trim()));
  }

  function shareRanks(rows, together) {
    let above = null;
    for (const [rank] of rows.filter((row) => !row.hidden).map((row) => row.cells)) {
      rank.hidden = together && above !== null && above.textContent === rank.textContent;
      rank.removeAttribute("rowspan");
      if (rank.hidden) above.rowSpan += 1;
      else above = rank;
    }
  }

  function draw() {
    const choice = chosen();
    for (const part of parts) part.hidden = part.dataset.part !== choice.metric;
    for (const row of all(".switches [hidden]")) row.hidden = false;
    for (const link of all("a[data-condition], a[data-metric], a[data-show], a[data-order]")) point(link, choice);
    for (const table of all("table:has([data-order])")) arrange(table, choice.order, choice.show);
    const details = document.getElementById(location.hash.slice(1))?.closest("details");
    if (details) details.open = true;
  }

  addEventListener("hashchange", draw);
  draw();
})();
