"""Every flow x factor x device x kind of client x existence mode, through boto3 and through the hosted pages."""
