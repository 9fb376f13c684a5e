mod hostile;
mod meaning;
mod messages;
mod print;
