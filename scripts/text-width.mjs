// The columns that a text takes in a terminal, for the texts of --help. The build gives it to yargs in the place of the
// package string-width, whose first line (`new Intl.Segmenter()`) costs every start more than reading the options does.

/** Colours, as escape sequences. */
const STYLES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Columns of a text without wide characters and combining marks: help texts hold none. */
function stringWidth(text) {
  return [...text.replace(STYLES, "")].length;
}

export { stringWidth as default };
