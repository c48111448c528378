// Runs inside the page and answers what a person with other eyes, other hands or a small screen would stumble over.
// Source: WCAG 2.2 AA 1.1.1, 1.3.1, 1.4.3, 1.4.10, 2.4.2, 2.5.8, 3.1.1, 4.1.2.
(() => {
  const MIN_CONTRAST = 4.5;
  const MIN_CONTRAST_LARGE = 3;
  const MIN_TARGET_PX = 24;
  const found = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const nameOf = (element) =>
    `<${element.tagName.toLowerCase()}${element.className ? ` class="${element.className}"` : ''}> ${element.textContent.trim().slice(0, 40)}`;
  const isVisible = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden');

  if (!document.documentElement.lang) found.push('the page names no language');
  if (!document.title) found.push('the page has no title');
  if (all('h1').length !== 1) found.push(`${all('h1').length} h1 instead of one`);
  if (all('main').length !== 1) found.push('there is not one main');
  let level = 1;
  for (const heading of all('h1, h2, h3, h4')) {
    const next = Number(heading.tagName.slice(1));
    if (next > level + 1) found.push(`heading jumps from ${level} to ${next}: ${nameOf(heading)}`);
    level = next;
  }
  for (const image of all('img:not([alt])')) found.push(`image without words: ${nameOf(image)}`);
  for (const svg of all('svg:not([aria-hidden]):not([aria-label])'))
    found.push(`drawing without words: ${nameOf(svg)}`);
  for (const control of all('a, button')) {
    if (!(control.getAttribute('aria-label') ?? control.textContent).trim()) found.push(`no name: ${nameOf(control)}`);
  }
  for (const input of all('input, select, textarea')) {
    if (!input.getAttribute('aria-label') && input.labels.length === 0) found.push(`no label: ${nameOf(input)}`);
  }
  for (const head of all('th:not([scope])')) found.push(`table head without scope: ${nameOf(head)}`);
  const ids = all('[id]').map(({ id }) => id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) found.push(`id twice: ${id}`);
  for (const button of all('button').filter(isVisible)) {
    const { width, height } = button.getBoundingClientRect();
    if (Math.min(width, height) < MIN_TARGET_PX) found.push(`${width} × ${height} px to press: ${nameOf(button)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth)
    found.push(`${document.documentElement.scrollWidth} px wide on ${innerWidth} px`);

  const parse = (color) => {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };
  const over = (top, below) => {
    const mix = (channel) => top[channel] * top.alpha + below[channel] * (1 - top.alpha);
    return { red: mix('red'), green: mix('green'), blue: mix('blue'), alpha: 1 };
  };
  const light = ({ red, green, blue }) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    if (element === null) return { red: 255, green: 255, blue: 255, alpha: 1 };
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own : over(own, behind(element.parentElement));
  };
  const opacity = (element) =>
    element === null ? 1 : Number(getComputedStyle(element).opacity) * opacity(element.parentElement);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !isVisible(element) || element.closest('button:disabled, noscript'))
      continue;
    const style = getComputedStyle(element);
    const size = Number.parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? MIN_CONTRAST_LARGE : MIN_CONTRAST;
    const paper = behind(element);
    const ink = parse(style.color);
    const [one, other] = [light(over({ ...ink, alpha: ink.alpha * opacity(element) }, paper)), light(paper)];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < needed) found.push(`contrast ${contrast.toFixed(2)} of ${needed}: ${nameOf(element)}`);
  }
  return [...new Set(found)];
})();
