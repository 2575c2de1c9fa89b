export { didYouMean, suggest } from '../language/suggest.ts';
