// SPDX-License-Identifier: Apache-2.0
// The form at the end of the log. What could not be sent comes back into it.
import { $, tell } from './dom.js';

export class Say {
  /** send(text) gives whether it could be sent; typing() is called for every key. */
  constructor(send, typing) {
    this.form = $('say');
    this.field = this.form.elements.text;
    this.refusal = this.form.querySelector('[role=alert]');
    this.waiting = []; // sent, and not yet come back as a message
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (!text || !send(text)) return;
      this.waiting.push(text);
      this.field.value = '';
      tell(this.refusal, '');
    });
    this.field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.field.addEventListener('input', () => { if (this.field.value.trim()) typing(); });
  }

  /** why: what the field says when it cannot be used. */
  ready(ready, why = 'Write a message') {
    for (const element of this.form.elements) element.disabled = !ready;
    this.field.placeholder = why;
    this.form.toggleAttribute('data-ready', ready);
    if (!ready) this.waiting = [];
  }

  said(text) {
    const index = this.waiting.indexOf(text);
    if (index >= 0) this.waiting.splice(index, 1);
  }

  refused(why) {
    const text = this.waiting.shift();
    if (text !== undefined && !this.field.value) this.field.value = text;
    tell(this.refusal, why);
  }

  focus() { this.field.focus(); }

  clear() {
    this.form.reset();
    this.waiting = [];
    tell(this.refusal, '');
  }
}
