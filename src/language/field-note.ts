/** What the reference, the published JSON Schemas and error messages say about one field of a language. */
export interface FieldNote {
  /** What to write there: `name of the image to make`. */
  description: string;
  /** A value to copy from. */
  example?: string;
  /** What holds where the field is missing. */
  default?: string;
  /** First version of the language that has it; absent: there from the beginning. */
  since?: string;
  /** Absent: supported. `ignored`: read and without effect. `refused`: read, checked, and `E_NOT_YET` when applied. */
  support?: 'ignored' | 'refused';
}
