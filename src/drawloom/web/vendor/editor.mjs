// The entry of the bundle: CodeMirror over a textarea, with what autodag.js needs of it and nothing else.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { sql } from "@codemirror/lang-sql";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--code-keyword)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--code-type)" },
]);
const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--card)", border: "1px solid var(--grey)", borderRadius: "6px" },
  "&.cm-focused": { outline: "3px solid var(--focus)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace', fontSize: ".87rem", minHeight: "18rem", maxHeight: "70vh" },
  ".cm-gutters": { color: "var(--quiet)", backgroundColor: "var(--soft)", border: "0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--info-ground)" },
  ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--card)", border: "1px solid var(--line)", maxWidth: "min(34rem, 90vw)" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
});

// Typing over a selection is done here: the browser would keep the look of what was there in style attributes, which our policy forbids.
function typeOver(event, view) {
  const kinds = { insertText: event.data, deleteContentBackward: "", deleteContentForward: "", deleteByCut: "" };
  const text = kinds[event.inputType];
  const marked = view.root.getSelection(); // what the browser would replace; the editor may not have heard of it yet
  if (typeof text !== "string" || event.isComposing || view.composing || !marked || marked.isCollapsed || !view.contentDOM.contains(marked.anchorNode)) return false;
  const [from, to] = [view.posAtDOM(marked.anchorNode, marked.anchorOffset), view.posAtDOM(marked.focusNode, marked.focusOffset)].sort((a, b) => a - b);
  if (from === to) return false;
  event.preventDefault();
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, userEvent: text ? "input.type" : "delete.selection", scrollIntoView: true });
  return true;
}

// An editor before a textarea, which is hidden and follows along.
globalThis.drawloomEditor = (area, { nonce, label, highlight }) => {
  const view = new EditorView({
    state: EditorState.create({
      doc: area.value,
      extensions: [
        EditorView.cspNonce.of(nonce), lineNumbers(), highlightSpecialChars(), history(), drawSelection(), bracketMatching(), lintGutter(),
        syntaxHighlighting(colours), look, EditorView.lineWrapping, highlight ? sql() : [],
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]), EditorView.domEventHandlers({ beforeinput: typeOver }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          area.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  area.before(view.dom);
  area.hidden = true;
  return {
    focus: () => view.focus(),
    select: (at) => view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) }, scrollIntoView: true }),
    replace: (from, to, insert) => view.dispatch({ changes: { from, to, insert }, userEvent: "input" }),
    mark: (problems) => view.dispatch(setDiagnostics(view.state, problems.map(({ at, severity, message }) => {
      const from = Math.min(at, view.state.doc.length);
      return { from, to: Math.min(view.state.doc.lineAt(from).to, from + 1), severity, message };
    }))),
  };
};
