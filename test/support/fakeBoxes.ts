import { FakeEmitter } from './fakeEmitter';

/** A row of a list, as far as tests look at it. */
interface Row {
  readonly label: string;
  readonly detail?: string;
}

/** What a box shows when it waits for the user. */
export interface ShownBox {
  readonly title: string;
  readonly labels: readonly string[];
}

/** What the user does: takes the row with these words or types them; undefined leaves the box. */
export type User = (box: ShownBox) => string | undefined;

/** A list or an input box of the editor, which asks the user whenever it waits for him. */
export class FakeBox {
  title: string | undefined;
  placeholder: string | undefined;
  prompt: string | undefined;
  validationMessage: string | undefined;
  buttons: readonly unknown[] = [];
  selectedItems: readonly Row[] = [];
  activeItems: readonly Row[] = [];
  value = '';
  enabled = true;
  readonly didChangeValue = new FakeEmitter();
  readonly didChangeSelection = new FakeEmitter();
  readonly didAccept = new FakeEmitter();
  readonly didHide = new FakeEmitter();
  readonly didTriggerButton = new FakeEmitter();
  readonly onDidChangeValue = this.didChangeValue.event;
  readonly onDidChangeSelection = this.didChangeSelection.event;
  readonly onDidAccept = this.didAccept.event;
  readonly onDidHide = this.didHide.event;
  readonly onDidTriggerButton = this.didTriggerButton.event;
  #rows: readonly Row[] = [];
  #isBusy = false;
  #isShown = false;
  #isAsking = false;

  constructor(
    private readonly isList: boolean,
    private readonly user: () => User | undefined,
  ) {}

  get items(): readonly Row[] {
    return this.#rows;
  }

  set items(rows: readonly Row[]) {
    this.#rows = rows;
    this.#ask();
  }

  get busy(): boolean {
    return this.#isBusy;
  }

  set busy(isBusy: boolean) {
    this.#isBusy = isBusy;
    this.#ask();
  }

  show(): void {
    this.#isShown = true;
    this.#ask();
  }

  hide(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.didHide.fire(undefined);
  }

  dispose(): void {
    this.#isShown = false;
  }

  /** Ticks exactly these rows, as the editor tells it. */
  tick(rows: readonly Row[]): void {
    this.selectedItems = rows;
    this.didChangeSelection.fire(rows);
  }

  /** Types a text. */
  type(text: string): void {
    this.value = text;
    this.didChangeValue.fire(text);
  }

  #ask(): void {
    if (this.#isAsking || this.user() === undefined) return;
    this.#isAsking = true;
    setImmediate(() => {
      this.#isAsking = false;
      const isEmpty = this.isList && this.#rows.length === 0;
      if (!this.#isShown || this.#isBusy || isEmpty) return;
      const labels = this.#rows.map(({ label }) => label);
      const answer = this.user()?.({ title: this.title ?? '', labels });
      if (answer === undefined) {
        this.hide();
        return;
      }
      if (this.isList) {
        const listed = this.#rows.find(({ label }) => label.includes(answer));
        if (listed === undefined) this.type(answer);
        const row = listed ?? this.#rows.at(-1);
        this.selectedItems = row === undefined ? [] : [row];
      } else {
        this.type(answer);
      }
      this.didAccept.fire(undefined);
    });
  }
}
