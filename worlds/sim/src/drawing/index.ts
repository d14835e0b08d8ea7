export { createDrawing, type Drawing, type DrawingOptions } from './drawing.ts';
