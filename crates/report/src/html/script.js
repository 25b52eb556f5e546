"use strict";
(function () {
  // The button is of use with a script only.
  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", function () {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const slider = document.getElementById("gamma");
  if (!slider) return;
  const data = JSON.parse(document.getElementById("gamma-data").textContent);
  const [width, height, top] = data.panel;
  const line = document.querySelector("#gamma-drawing svg svg .l.c1");
  function bars(id, shares) {
    document.querySelectorAll("#bars-" + id + " dd").forEach(function (row, i) {
      row.querySelector(".fill").setAttribute("width", 100 * shares[i]);
      row.querySelector(".value").textContent = (100 * shares[i]).toFixed(1) + "\u00a0%";
    });
  }
  slider.addEventListener("input", function () {
    const k = Number(slider.value);
    const points = data.curves[k].map((loss, i) => (data.p[i] * width).toFixed(1) + " " + ((1 - loss / top) * height).toFixed(1));
    line.setAttribute("d", "M" + points.join("L"));
    document.getElementById("gamma-value").textContent = data.gammas[k];
    slider.setAttribute("aria-valuetext", data.gammas[k]);
    bars("loss", data.loss[k]);
    bars("gradient", data.gradient[k]);
  });
})();
