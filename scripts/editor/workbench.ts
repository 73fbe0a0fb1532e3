/**
 * Drives a workbench in a browser page: the few gestures that our tests need. What keeps it steady:
 * it never waits a fixed time but for what a person would see, finds things by their roles and by
 * the workbench's own stable ids, and presses keys only after the widget that takes them is there.
 */
import type { Locator, Page } from '@playwright/test';
import { until } from '../processes';

/** A VS Code window. */
export class Workbench {
  /** The open quick pick or input box. */
  readonly quick: Locator;
  /** Where one types in it. */
  readonly quickInput: Locator;

  constructor(readonly page: Page) {
    this.quick = page.locator('.quick-input-widget:visible');
    this.quickInput = this.quick.locator('.quick-input-box input');
  }

  /** Opens an address and waits for the workbench. */
  async open(url: string): Promise<this> {
    await this.page.goto(url, { waitUntil: 'commit' });
    return this.whenReady();
  }

  /**
   * The workbench has started, and the menus and commands of all extensions are there. The
   * extensions themselves may still be activating.
   */
  async whenReady(): Promise<this> {
    const hasStarted = (): boolean =>
      ['code/didStartWorkbench', 'code/didLoadExtensions'].every(
        (mark) => performance.getEntriesByName(mark).length > 0,
      );
    await this.page.waitForFunction(hasStarted, undefined, { timeout: 90_000 });
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor();
    return this;
  }

  /** Reloads by the editor's command, as users do: it writes first what the page holds. */
  async reload(): Promise<this> {
    const reloaded = this.page.waitForEvent('domcontentloaded', { timeout: 60_000 });
    await this.command('Developer: Reload Window');
    await reloaded;
    return this.whenReady();
  }

  // Palette, quick pick, input box.

  /** Runs a command by its title as the palette shows it, such as `OSS: Show Log`. */
  async command(title: string): Promise<void> {
    const row = this.row(title).first();
    let shown: readonly string[] = [];
    await until(
      `command '${title}'`,
      async () => {
        try {
          // A menu that is just closing takes the key for itself, and a view or an editor that takes
          // the focus late closes the palette.
          await this.page.keyboard.press('F1');
          await this.quickInput.fill(`>${title}`, { timeout: 2000 });
          await row.waitFor({ timeout: 5000 });
          await row.click({ timeout: 3000 });
          return true;
        } catch {
          shown = await this.rowLabels();
          // A palette lists what there was when it was opened: a command that comes later needs another.
          if (await this.quick.isVisible()) await this.page.keyboard.press('Escape');
          return false;
        }
      },
      40_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; the palette shows: ${shown.join(' | ')}`);
    });
  }

  /** A row of the open quick pick, by its label. */
  row(label: string | RegExp): Locator {
    const text = typeof label === 'string' ? exactly(label) : label;
    return this.quick
      .locator('.monaco-list-row')
      .filter({ has: this.page.locator('.label-name', { hasText: text }) });
  }

  /** The labels of the open quick pick, without icons. */
  async rowLabels(): Promise<string[]> {
    // The second line of a row keeps, hidden, what it said for another list.
    const labels = this.quick.locator('.monaco-list-row .label-name').filter({ visible: true });
    return (await labels.allTextContents()).map((label) => label.trim());
  }

  /** Chooses a row of the open quick pick. */
  async pick(label: string | RegExp): Promise<void> {
    await this.press(this.row(label).first());
  }

  /** Clicks on something that the hover of what the pointer rests on may lie above. */
  async press(target: Locator): Promise<void> {
    await this.page.mouse.move(0, 0);
    await target.click();
  }

  /** The title bar of the open quick pick or input box. */
  quickTitle(text: string | RegExp): Locator {
    return this.quick.locator('.quick-input-title', { hasText: text });
  }

  /** Answers the input box that has this in the text under it. */
  async input(prompt: string, value: string): Promise<void> {
    await this.inputMessage(prompt).waitFor();
    await this.quickInput.fill(value);
    await this.quickInput.press('Enter');
  }

  /** The text under an input box: its prompt, or what is wrong with the value. */
  inputMessage(text: string | RegExp): Locator {
    return this.quick.locator('.quick-input-message', { hasText: text });
  }

  // Explorer and context menus.

  /** A file or folder in the explorer. */
  file(name: string): Locator {
    return this.page
      .locator('.explorer-folders-view .monaco-list-row')
      .filter({ has: this.page.locator('.label-name', { hasText: exactly(name) }) });
  }

  /** Right-clicks something and chooses from the menu. */
  async contextMenu(target: Locator, item: string): Promise<void> {
    await until(`${item} in a menu`, async () => {
      try {
        await this.tryContextMenu(target, item);
        await this.menuItem(item).click({ timeout: 3000 });
        return true;
      } catch {
        return false;
      }
    });
  }

  /** Right-clicks something and waits until the item can be clicked. */
  async openContextMenu(target: Locator, item: string): Promise<void> {
    await until(`${item} in a menu`, () =>
      this.tryContextMenu(target, item).then(
        () => true,
        () => false,
      ),
    );
  }

  /** Rejects where a view that is drawn anew has closed the menu, or put another row under the pointer. */
  private async tryContextMenu(target: Locator, item: string): Promise<void> {
    // The tooltip of what the pointer rests on may lie over the target.
    await this.page.mouse.move(1, 1);
    await target.click({ button: 'right', timeout: 5000 });
    await this.menuItem(item).waitFor({ timeout: 5000 });
    const classes = (await target.getAttribute('class', { timeout: 1000 })) ?? '';
    if (/\bmonaco-list-row\b/.test(classes) && !/\bfocused\b/.test(classes)) {
      await this.page.keyboard.press('Escape');
      throw new Error('The menu is that of another row.');
    }
    // A menu ignores the mouse for its first 100 ms, by a timer. A later and longer timer in the
    // same event loop ends after that one, however busy the machine is.
    await this.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)));
  }

  /** An item of the open context menu. It lives in a shadow root, which locators see through. */
  menuItem(label: string): Locator {
    return this.page
      .locator('.context-view .monaco-menu .action-item')
      .filter({ has: this.page.locator('.action-label', { hasText: exactly(label) }) });
  }

  // Notifications and dialogs.

  /** A notification on the screen, by part of its text. */
  notification(text: string | RegExp): Locator {
    return this.page
      .locator('.notifications-toasts .notification-toast')
      .filter({ has: this.page.locator('.notification-list-item-message', { hasText: text }) });
  }

  /** The text of a notification. */
  message(notification: Locator): Locator {
    return notification.locator('.notification-list-item-message');
  }

  /** A button of a notification. */
  button(notification: Locator, label: string): Locator {
    return notification.locator('.notification-list-item-buttons-container .monaco-button', {
      hasText: exactly(label),
    });
  }

  /** A button of the modal dialog that is open. */
  dialogButton(label: string): Locator {
    return this.page.locator('.monaco-dialog-box .monaco-button', { hasText: exactly(label) });
  }

  // Status bar and views.

  /** An extension's status bar item, by the id that the extension gave it. */
  status(extensionId: string, itemId: string): Locator {
    return this.page.locator(`.statusbar-item[id="${extensionId}.${itemId}"]`);
  }

  /** The rows of a tree view, by the view's name. */
  treeRows(view: string): Locator {
    return this.page
      .locator('.pane')
      .filter({ has: this.page.locator('.pane-header', { hasText: view }) })
      .locator('.monaco-list-row');
  }
}

/** Matches this text and nothing else, but for white space around it. */
function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}
