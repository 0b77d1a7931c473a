"""How the hosted pages look: styles of managed login, the classic CSS, and what a page shows of them."""
