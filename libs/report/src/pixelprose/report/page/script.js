
"use strict";
(() => {
  const bar = document.querySelector(".filters");
  if (!bar) return;
  const holder = document.querySelector(".cards");
  const drawn = [...holder.children];
  const search = document.getElementById("search");
  const order = document.getElementById("order");
  const selects = [...bar.querySelectorAll("[data-filter]")];
  const texts = new Map(drawn.map((card) => [
    card,
    [...card.querySelectorAll("[data-searched]")].map((part) => part.textContent).join("\n").toLowerCase(),
  ]));

  function fits(card, words) {
    return selects.every((one) => !one.value || card.dataset[one.dataset.filter] === one.value)
      && words.every((word) => texts.get(card).includes(word));
  }

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of drawn) {
      card.hidden = !fits(card, words);
      count += !card.hidden;
    }
    document.getElementById("shown").textContent = `${count} of ${drawn.length} shown`;
    document.getElementById("none").hidden = count > 0;
  }

  function arrange() {
    const [name, way] = order.value.split(" ");
    const value = (card) => Number(card.dataset[name || "number"]);
    const sign = way === "down" ? -1 : 1;
    holder.append(...[...drawn].sort((one, other) => sign * (value(one) - value(other))));
  }

  search.addEventListener("input", show);
  selects.forEach((one) => one.addEventListener("change", show));
  order.addEventListener("change", arrange);
  document.getElementById("reset").addEventListener("click", () => {
    search.value = order.value = "";
    selects.forEach((one) => { one.value = ""; });
    arrange();
    show();
    search.focus();
  });
  bar.hidden = false;
  arrange();
  show();
})();
