// SPDX-License-Identifier: Apache-2.0
// One's own name, and what one says about oneself.
import { $, avatar, make, onSubmit, tell } from './dom.js';

export class Profile {
  /** changed(profile) after it was loaded, and after it was saved. */
  constructor(api, changed) {
    Object.assign(this, { api, changed });
    this.dialog = $('profile');
    this.form = this.dialog.querySelector('form');
    $('me').addEventListener('click', () => this.open());
    this.dialog.querySelector('[data-close]').addEventListener('click', () => this.dialog.close());
    onSubmit(this.form, async ({ name, about }) => {
      this.take(await api.call('PUT', '/api/profile', { body: { name, about }, own: { 403: 'You may not change your profile.' } }));
      this.dialog.close();
    });
  }

  async load() {
    this.take(await this.api.call('GET', '/api/profile'));
  }

  take(profile) {
    this.profile = profile;
    $('me').replaceChildren(avatar(profile), make('b', {}, profile.name));
    $('me').ariaLabel = `${profile.name}: your profile`;
    this.changed(profile);
  }

  may(scope) { return this.profile?.scopes.includes(`chat/${scope}`) ?? false; }

  open() {
    if (!this.profile) return;
    const { email, name, about, scopes } = this.profile;
    $('profile-email').textContent = email ?? '';
    $('profile-scopes').textContent = scopes.join(', ') || 'nothing';
    Object.assign(this.form.elements.name, { value: name });
    Object.assign(this.form.elements.about, { value: about ?? '' });
    tell(this.form.querySelector('[role=alert]'), '');
    this.dialog.showModal();
  }

  clear() {
    this.profile = undefined;
    this.dialog.close();
    $('me').replaceChildren();
  }
}
