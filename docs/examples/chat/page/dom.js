// SPDX-License-Identifier: Apache-2.0
// The few things that every view does with the document.

export const $ = (id) => document.getElementById(id);

/** An element with properties (and `dataset`). Children are nodes or text; text is text here: nothing that comes in is ever read as HTML. */
export function make(name, { dataset, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}

/** Says it, or hides the element where there is nothing to say. */
export function tell(element, text) {
  element.textContent = text ?? '';
  element.hidden = !text;
}

/** Runs action(fields) for a form that is sent, one at a time; why it failed is said beside the form. */
export function onSubmit(form, action) {
  const refusal = form.querySelector('[role=alert]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (form.ariaBusy === 'true') return;
    form.ariaBusy = 'true';
    tell(refusal, '');
    try {
      await action(Object.fromEntries(new FormData(form)));
    } catch (error) {
      tell(refusal, error.message);
    } finally {
      form.ariaBusy = 'false';
    }
  });
}

/** A circle with somebody's initial; who it is stands beside it, so it is nothing to read out. */
export function avatar({ sub, name }) {
  const hue = [...sub].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % 6;
  const circle = make('span', { className: `avatar hue-${hue}` }, [...name][0]?.toUpperCase() ?? '?');
  circle.ariaHidden = 'true';
  return circle;
}

export const milliseconds = (at) => new Date(at).getTime();

export function clock(at, options = { timeStyle: 'short' }) {
  const date = new Date(at);
  return make('time', { dateTime: date.toISOString(), title: date.toLocaleString() }, date.toLocaleTimeString([], options));
}

export function dayOf(at) {
  const date = new Date(at), today = new Date();
  const days = Math.round((new Date(today).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const year = date.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long', year });
}
