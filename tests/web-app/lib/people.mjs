// What people do in the app, in the words on its pages.
import { Node } from '../../e2e/lib/node.mjs';
import { appOf, invitationOf } from './app.mjs';
import { Person } from './browser.mjs';

/** How long anything may take that a person waits for. */
export const SOON = { timeout: 20_000 };

/** A node, its app, and those who use it. */
export class World {
  static async start(options) {
    const world = new World();
    world.node = await Node.start(options);
    world.app = await appOf(world.node);
    world.people = [];
    return world;
  }

  /** Somebody with a browser of their own, who has done nothing yet. */
  async person(name, options) {
    const person = await Person.start(name, options);
    this.people.push(person);
    return person;
  }

  /** Somebody who came with the node's own invitation (without `link`), or with that of another; ends where that leads. */
  async begin(person, link = this.node.origin + invitationOf(this.node)) {
    await this.goTo(person);
    await person.page.getByLabel('I have an invitation').fill(link);
    await person.page.getByRole('button', { name: 'Open', exact: true }).click();
    await person.page.getByLabel('Your name').fill(person.name);
    await person.page.getByRole('button', { name: 'Start talking' }).click();
  }

  /** A place in the app, such as `#/settings`; the list by default. */
  async goTo(person, place = '#/') {
    await person.page.goto(`${this.app.origin}/${place}`);
  }

  /** A link with which somebody else can come. */
  async invitationBy(person) {
    await this.goTo(person);
    await this.goTo(person, '#/invite');
    await person.page.getByRole('button', { name: 'Make a link' }).click(SOON);
    return (await person.page.locator('.address').textContent(SOON)).trim();
  }

  /** Two people who talk: both have the conversation open. */
  async pair(one, other) {
    await this.begin(one);
    await one.page.getByRole('button', { name: 'Invite somebody' }).first().waitFor(SOON);
    await this.begin(other, await this.invitationBy(one));
    await other.page.getByLabel('Write a message').waitFor(SOON);
    await this.openChat(one, other.name);
  }

  async openChat(person, name) {
    await this.goTo(person);
    await person.page.getByRole('link', { name: new RegExp(`^${name}`) }).click(SOON);
    await person.page.getByLabel('Write a message').waitFor(SOON);
  }

  async end() {
    await Promise.all(this.people.map((person) => person.end()));
    this.app?.close();
    await this.node?.dispose();
  }
}

export const write = async (page, text) => {
  await page.getByLabel('Write a message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
};

export const sees = (page, text) => page.getByRole('log').getByText(text, { exact: true }).waitFor(SOON);
