import { markup, Markup, type Content } from './markup.ts';
import { STYLE } from './style.ts';

/** How good something is: it also has a sign, because not everybody can distinguish red from green. */
export type Tone = 'good' | 'late' | 'bad';

const SIGNS: Readonly<Record<Tone, string>> = { good: '✓', late: '!', bad: '✗' };

/** What a page consists of. */
export interface Page {
  readonly title: string;
  readonly at: Date;
  readonly verdict: Markup;
  readonly main: Content;
  readonly footer: Content;
}

/** One self-contained page: it uses no script, font or image from elsewhere, and its policy forbids loading any. */
export function renderDocument({ title, at, verdict, main, footer }: Page): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="when">as of ${timeTag(at)}</p>
${verdict}
</header>
<main>
${main}
</main>
<footer>
${footer}
</footer>
</body>
</html>
`.text;
}

/** The sentence at the top. */
export function verdictBox(tone: Tone, words: string, detail: string): Markup {
  return markup`<div class="verdict ${tone}"><strong>${words}</strong><span>${detail}</span></div>`;
}

/** A state as a word in a coloured box. */
export function pill(tone: Tone, word: string): Markup {
  return markup`<span class="pill ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${word}</span>`;
}

/** A figure with its name, for a `<dl>`. */
export function figure(label: string, value: string | Markup, detail?: string): Markup {
  return markup`<div><dt>${label}</dt><dd>${value}${detail === undefined ? undefined : markup`<small>${detail}</small>`}</dd></div>`;
}

/** The worst of some tones; `good` of none. */
export function worstTone(tones: readonly Tone[]): Tone {
  return tones.includes('bad') ? 'bad' : tones.includes('late') ? 'late' : 'good';
}

/** An instant, in UTC. */
export function timeTag(time: Date): Markup {
  return markup`<time datetime="${time.toISOString()}">${timeText(time)}</time>`;
}

/** Two instants, in UTC. */
export function timeSpan(from: Date, to: Date): Markup {
  const [begin, end] = [timeText(from).replace(' UTC', ''), timeText(to)];
  return markup`<span><time datetime="${from.toISOString()}">${begin}</time> – <time datetime="${to.toISOString()}">${end}</time></span>`;
}

/** An instant in UTC without markup. */
export function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
