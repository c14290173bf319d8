// SPDX-License-Identifier: Apache-2.0
// The door: signing in, signing up, and the code that says that an e-mail address is one's own.
import { $, make, onSubmit, tell } from './dom.js';

const names = ['sign-in', 'sign-up', 'confirm'];

export class Door {
  /** entered(result) with Cognito's AuthenticationResult. */
  constructor({ hint, demo = [] }, cognito, entered) {
    Object.assign(this, { cognito, entered });
    this.started = null; // {email, password} of who has just signed up, so that nobody types it twice
    $('confirm-hint').textContent = `A code is on its way to you. ${hint ?? 'Look into your mail.'}`;
    this.showDemo(demo);
    for (const name of names) this.listen($(`tab-${name}`), name);
    onSubmit($('sign-in'), (fields) => this.signIn(fields));
    onSubmit($('sign-up'), (fields) => this.signUp(fields));
    onSubmit($('confirm'), (fields) => this.confirm(fields));
  }

  show(why = '', name = 'sign-in') {
    $('door').hidden = false;
    document.title = 'Chat';
    this.select(name, why);
  }

  hide() {
    $('door').hidden = true;
    this.started = null;
    for (const name of names) $(name).reset();
  }

  select(selected, said = '') {
    for (const name of names) {
      const tab = $(`tab-${name}`), form = $(name);
      tab.ariaSelected = String(name === selected);
      tab.tabIndex = name === selected ? 0 : -1;
      form.hidden = name !== selected;
      tell(form.querySelector('[role=alert]'), '');
    }
    tell($('door-said'), said);
  }

  /** Tabs are one stop of the Tab key; arrows move between them. */
  listen(tab, name) {
    tab.addEventListener('click', () => this.select(name));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: names.length - 1 }[key];
      if (!step) return;
      const next = names[(names.indexOf(name) + step) % names.length];
      this.select(next);
      $(`tab-${next}`).focus();
    });
  }

  showDemo(demo) {
    const form = $('sign-in');
    $('demo').hidden = demo.length === 0;
    $('demo').querySelector('ul').replaceChildren(...demo.map(({ email, password, about }) => {
      const button = make('button', { type: 'button', className: 'quiet', dataset: { email } }, make('b', {}, email), ...(about ? [make('span', { className: 'soft' }, about)] : []));
      button.addEventListener('click', () => {
        form.elements.email.value = email;
        form.elements.password.value = password;
        form.querySelector('button:not([type])').focus();
      });
      return make('li', {}, button);
    }));
  }

  async signIn({ email, password }) {
    try {
      this.entered(await this.cognito.signIn({ email, password }));
    } catch (error) {
      if (error.type !== 'UserNotConfirmedException') throw error;
      this.askCode({ email, password });
    }
  }

  async signUp({ name, email, password }) {
    await this.cognito.signUp({ name, email, password });
    this.askCode({ email, password });
  }

  askCode(started) {
    this.started = started;
    this.select('confirm');
    $('confirm').elements.email.value = started.email;
    $('confirm').elements.code.focus();
  }

  async confirm({ email, code }) {
    await this.cognito.confirm({ email, code: code.trim() });
    if (this.started?.email === email) return this.signIn(this.started);
    this.select('sign-in', 'That was the code. Now sign in.');
    $('sign-in').elements.email.value = email;
    $('sign-in').elements.password.focus();
  }
}
