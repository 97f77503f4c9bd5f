// What the Tab key must reach, and how each of these looks without the focus.
(() => {
  const WANTED = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const plain = new Map();
  const styles = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderColor",
    "backgroundColor", "textDecorationLine", "color"];

  const lookOfOne = element => {
    const style = getComputedStyle(element);
    return styles.map(name => style[name]).join();
  };
  // Its own look, its label's or that of what holds it: a hidden box is shown by its label.
  const look = element => [element, element.parentElement, element.labels?.[0]]
    .filter(Boolean).map(lookOfOne).join("/");
  const isSeen = element => element.checkVisibility({ visibilityProperty: true })
    && element.getClientRects().length && !element.closest("[inert]");
  // Of radio buttons with one name, one is reached; the arrow keys reach the others.
  const keyOf = element => element.type === "radio" ? `${element.form?.id} ${element.name}` : element;
  const words = element => element.outerHTML.slice(0, 140);

  window.tabWalk = {
    mark() {
      document.activeElement?.blur();
      window.scrollTo(0, 0);
      plain.clear();
      for (const element of document.querySelectorAll(WANTED)) {
        if (element.disabled || element.tabIndex < 0 || element.type === "hidden") continue;
        if (!isSeen(element) || plain.has(keyOf(element))) continue;
        plain.set(keyOf(element), look(element));
      }
      this.reached = new Set();
      return plain.size;
    },
    step() {
      const element = document.activeElement;
      if (!element || element === document.body) return { faults: [], left: this.left() };
      const key = keyOf(element);
      const faults = [];
      if (plain.has(key) && !this.reached.has(key)) {
        this.reached.add(key);
        const box = element.getBoundingClientRect();
        if (look(element) === plain.get(key)) faults.push(`the focus does not show: ${words(element)}`);
        if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) {
          faults.push(`focused where nobody sees it: ${words(element)}`);
        }
      }
      return { faults, left: this.left() };
    },
    left() {
      return [...plain.keys()].filter(key => !this.reached.has(key)).length;
    },
    missed() {
      return [...plain.keys()].filter(key => !this.reached.has(key))
        .map(key => `Tab never reaches: ${typeof key === "string" ? key : words(key)}`);
    },
  };
})();
