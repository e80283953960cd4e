/* global document, getComputedStyle, innerWidth, SVGElement */
// Runs in the browser, not here: what the tests of the report ask of a page. Read as text by report.test.ts.

globalThis.questions = {
  /** Elements whose text has too little contrast to what is behind it (WCAG 2, AA for text of this size: 4.5). */
  faintTexts() {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const pixel = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color) => {
      const [red, green, blue] = color.slice(0, 3).map((part) => {
        const value = part / 255;
        return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = pixel(getComputedStyle(at).backgroundColor);
        if (color[3] === 255) return color;
      }
      return [255, 255, 255];
    };
    const faint = [];
    for (const element of document.querySelectorAll('body *')) {
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
      if (!text || element.tagName === 'title') continue;
      const style = getComputedStyle(element);
      const ink = luminance(pixel(element instanceof SVGElement ? style.fill : style.color));
      const paper = luminance(behind(element));
      const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      if (contrast < 4.5) faint.push(`${element.tagName}.${element.getAttribute('class')} ${contrast.toFixed(2)}`);
    }
    return faint;
  },

  /** Elements beyond the edges of the window, but for the contents of what can be scrolled by itself. */
  sticksOut() {
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.closest('.long .days') === null && element.closest('thead') === null)
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return left < -0.5 || right > innerWidth + 0.5;
      })
      .map((element) => element.outerHTML.slice(0, 80));
  },

  pageWidth: () => document.documentElement.scrollWidth,
  background: () => getComputedStyle(document.body).backgroundColor,
  namelessDrawings: () => document.querySelectorAll('svg:not([aria-label]):not([aria-hidden="true"])').length,
};
